"""`/api/v2/classify`: jobs of one document each."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query

from classify_core.server.creation import create, make_v2
from classify_core.server.dependencies import ProjectDependency, ServiceDependency, refusals
from classify_core.server.routes.paging import PageToken
from classify_core.server.schemas.jobs_v2 import (
    ClassifyV2Configuration,
    ClassifyV2JobCreateRequest,
    ClassifyV2JobDeleteResponse,
    ClassifyV2JobQueryResponse,
    ClassifyV2JobResponse,
    ClassifyV2JobUsage,
    ClassifyV2Result,
    Status,
)
from classify_core.server.store import jobs
from classify_core.server.store.moments import stored
from classify_core.server.store.paging import DEFAULT_PAGE_SIZE, page_request
from classify_core.server.store.records import JobState, StoredJob

_MAX_PAGE_SIZE: Final = 100
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_STATUS: Final[dict[JobState, Status]] = {
    JobState.PENDING: "PENDING",
    JobState.RUNNING: "RUNNING",
    JobState.COMPLETED: "COMPLETED",
    JobState.FAILED: "FAILED",
    JobState.CANCELLED: "CANCELLED",
}

router = APIRouter(prefix="/api/v2/classify", tags=["Classify"])
JobId = Annotated[str, Path(description="The job's ID.")]


@router.post("")
async def create_classify_job(
    body: ClassifyV2JobCreateRequest, *, service: ServiceDependency, project: ProjectDependency
) -> ClassifyV2JobResponse:
    """Creates a job that classifies one document, or returns the one that has the same `transaction_id`."""
    return _answer(await create(service, make_v2, project, body))


@router.get("")
async def list_classify_jobs(
    *,
    service: ServiceDependency,
    project: ProjectDependency,
    page_size: Annotated[
        int | None, Query(ge=1, le=_MAX_PAGE_SIZE, description=f"Jobs a page; {DEFAULT_PAGE_SIZE} where left out.")
    ] = None,
    page_token: PageToken = None,
    status: Annotated[Status | None, Query(description="Only jobs that stand there.")] = None,
    job_ids: Annotated[list[str] | None, Query(description="Only these jobs.")] = None,
    configuration_id: Annotated[
        str | None,
        Query(description="Only jobs with these saved rules.", examples=["cfg-11111111-2222-3333-4444-555555555555"]),
    ] = None,
    created_at_on_or_after: Annotated[datetime | None, Query(description="Only jobs created then or later.")] = None,
    created_at_on_or_before: Annotated[datetime | None, Query(description="Only jobs created then or before.")] = None,
) -> ClassifyV2JobQueryResponse:
    """Lists jobs, newest first, with their results."""
    wanted = jobs.JobFilter(
        project_id=project.id,
        api="v2",
        status=None if status is None else JobState(status),
        configuration_id=configuration_id,
        job_ids=None if job_ids is None else tuple(job_ids),
        created_from=_bound(created_at_on_or_after),
        created_to=_bound(created_at_on_or_before),
    )
    page = page_request(page_size, page_token)
    found = await service.database.run(jobs.find, wanted, page)
    return ClassifyV2JobQueryResponse(
        items=tuple(map(_answer, found.items)), next_page_token=found.next_page_token, total_size=found.total_size
    )


@router.get("/{job_id}", responses=refusals(404))
async def get_classify_job(
    job_id: JobId,
    *,
    service: ServiceDependency,
    project: ProjectDependency,
    expand: Annotated[list[str] | None, Query(description="`usage` tells what the job cost.")] = None,
) -> ClassifyV2JobResponse:
    """Tells how a job stands, and its result once it is COMPLETED."""
    job = await service.database.run(jobs.get, project.id, "v2", job_id)
    answer = _answer(job)
    return answer.model_copy(update={"usage": _usage(job)}) if "usage" in (expand or ()) else answer


@router.post("/{job_id}/cancel", responses=refusals(404, 409))
async def cancel_classify_job(
    job_id: JobId, *, service: ServiceDependency, project: ProjectDependency
) -> ClassifyV2JobResponse:
    """Cancels a job that has not ended."""
    job = await service.database.run(jobs.cancel, project.id, "v2", job_id)
    service.runner.cancelled(job.id)
    service.webhooks.wake()
    return _answer(job)


@router.delete("/{job_id}", responses=refusals(404, 409))
async def delete_classify_job(
    job_id: JobId, *, service: ServiceDependency, project: ProjectDependency
) -> ClassifyV2JobDeleteResponse:
    """Deletes a job that has ended."""
    job = await service.database.run(jobs.delete, project.id, "v2", job_id)
    return ClassifyV2JobDeleteResponse(id=job.id, project_id=job.project_id)


def _bound(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # No job is from before or after these, and beyond them a moment may have no place in UTC's calendar.
    return stored(min(max(aware, _EARLIEST), _LATEST))


def _answer(job: StoredJob) -> ClassifyV2JobResponse:
    return ClassifyV2JobResponse(
        id=job.id,
        project_id=job.project_id,
        user_id=job.user_id,
        status=_STATUS[job.status],
        document_input_type=job.document.input.input_type,
        file_input=job.document.input.file_input,
        configuration=_configuration(job.configuration),
        configuration_id=job.configuration_id,
        parse_job_id=job.parse_job_id,
        transaction_id=job.transaction_id,
        result=None if job.result is None else ClassifyV2Result.model_validate(job.result),
        error_message=job.error_message if job.status is JobState.FAILED else None,
        created_at=datetime.fromisoformat(job.created_at),
        updated_at=datetime.fromisoformat(job.updated_at),
    )


@lru_cache(maxsize=16)
def _configuration(text: str) -> ClassifyV2Configuration:
    """The jobs of a page mostly have the same one; reading it for each took half of the time of a listing."""
    return ClassifyV2Configuration.model_validate_json(text)


def _usage(job: StoredJob) -> ClassifyV2JobUsage | None:
    outcome = job.document.outcome
    return None if outcome is None else ClassifyV2JobUsage(credits=outcome.credits, parse_credits=outcome.parse_credits)
