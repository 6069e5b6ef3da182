"""`/api/v1/classifier/jobs`, deprecated: jobs of many files each."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query

from classify_core.models_v1 import MAX_FILES_OF_A_JOB
from classify_core.server.creation import create, make_v1
from classify_core.server.dependencies import ProjectDependency, ServiceDependency, refusals
from classify_core.server.problems import ProblemError
from classify_core.server.routes.paging import PageToken
from classify_core.server.schemas.common import PaginatedResponse
from classify_core.server.schemas.jobs_v1 import (
    ClassificationResult,
    ClassifyJob,
    ClassifyJobCreate,
    ClassifyJobResults,
    FileClassification,
    StatusEnum,
)
from classify_core.server.store import jobs
from classify_core.server.store.deliveries import V1_STATUSES
from classify_core.server.store.paging import PageRequest, page_request, token_of
from classify_core.server.store.records import JobState, StoredDocument, StoredJob

_WITH_ERROR: Final = frozenset({JobState.PARTIAL, JobState.FAILED})

router = APIRouter(prefix="/api/v1/classifier/jobs", tags=["Classifier (v1)"])
JobId = Annotated[UUID, Path(description="The job's ID.")]
PageSize = Annotated[int | None, Query(description="Items a page; never more than 1,000.")]


@router.post("")
async def create_classify_job(
    body: ClassifyJobCreate, *, service: ServiceDependency, project: ProjectDependency
) -> ClassifyJob:
    """Creates a job that classifies 1 to 500 files."""
    return _answer(await create(service, make_v1, project, body))


@router.get("")
async def list_classify_jobs(
    *,
    service: ServiceDependency,
    project: ProjectDependency,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> PaginatedResponse[ClassifyJob]:
    """Lists jobs, newest first."""
    page = page_request(page_size, page_token)
    found = await service.database.run(jobs.find, jobs.JobFilter(project_id=project.id, api="v1"), page)
    return PaginatedResponse[ClassifyJob](
        items=tuple(map(_answer, found.items)), next_page_token=found.next_page_token, total_size=found.total_size
    )


@router.get("/{classify_job_id}", responses=refusals(404))
async def get_classify_job(
    classify_job_id: JobId, *, service: ServiceDependency, project: ProjectDependency
) -> ClassifyJob:
    """Tells how a job stands."""
    return _answer(await service.database.run(jobs.get, project.id, "v1", str(classify_job_id)))


@router.get("/{classify_job_id}/results", responses=refusals(404))
async def get_classification_job_results(
    classify_job_id: JobId,
    *,
    service: ServiceDependency,
    project: ProjectDependency,
    page_size: PageSize = None,
    page_token: PageToken = None,
) -> ClassifyJobResults:
    """Tells what was found for each file, all of them in one page unless `page_size` says otherwise."""
    page = page_request(page_size, page_token, default=MAX_FILES_OF_A_JOB)
    job = await service.database.run(jobs.get, project.id, "v1", str(classify_job_id))
    first = _first_position(job, page)
    end = first + page.size
    return ClassifyJobResults(
        items=tuple(_classification(job, document) for document in job.documents[first:end]),
        next_page_token=token_of(job.id, end) if end < len(job.documents) else None,
        total_size=len(job.documents),
    )


def _first_position(job: StoredJob, page: PageRequest) -> int:
    match page.after:
        case None:
            return 0
        case (job.id, int(position)) if 0 <= position <= len(job.documents):
            return position
    raise ProblemError(400, "Invalid page_token; it belongs to another listing")


def _answer(job: StoredJob) -> ClassifyJob:
    updated_at = datetime.fromisoformat(job.updated_at)
    return ClassifyJob.model_validate(
        {
            **json.loads(job.configuration),
            "id": job.id,
            "project_id": job.project_id,
            "user_id": job.user_id,
            "status": StatusEnum(V1_STATUSES[job.status]),
            "error_message": job.error_message if job.status in _WITH_ERROR else None,
            "effective_at": updated_at,
            "created_at": datetime.fromisoformat(job.created_at),
            "updated_at": updated_at,
        }
    )


def _classification(job: StoredJob, document: StoredDocument) -> FileClassification:
    result = None if document.outcome is None else document.outcome.result
    return FileClassification(
        id=UUID(document.id),
        classify_job_id=UUID(job.id),
        file_id=document.input.file_input,
        result=None if result is None else ClassificationResult.model_validate(result),
        created_at=datetime.fromisoformat(job.created_at),
        updated_at=datetime.fromisoformat(document.updated_at),
    )
