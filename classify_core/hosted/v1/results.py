"""What a v1 job that has ended says of each of its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from classify_core.api.calls_v1 import list_results
from classify_core.api.paging import AsyncListing
from classify_core.api.waiting import failure_of
from classify_core.classification import Answer
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, InvalidResponseError, JobCancelledError, JobFailedError
from classify_core.hosted.pacing import PacedClient
from classify_core.models import ClassifyResult
from classify_core.models_v1 import MAX_FILES_OF_A_JOB, V1Job, V1JobStatus

RESULTS_PAGE_SIZE: Final = MAX_FILES_OF_A_JOB
"""All files of a job in one page, as far as the service gives that many at once."""

Outcome: TypeAlias = Answer | ClassifyError


@dataclass(frozen=True)
class JobResults:
    """A job that has ended, with what it found.

    Attributes:
        job: the job.
        found: by file, as `bare` spells its ID; None where the file failed alone.
    """

    job: V1Job
    found: Mapping[str, ClassifyResult | None]

    def outcome_of(self, file_id: str, *, is_former: bool) -> Outcome:
        """The answer for one file, or the error that says why there is none."""
        result = self.found.get(bare(file_id))
        if result is None:
            return self._failure()
        return Answer(
            type=result.type,
            confidence=result.confidence,
            reasoning=result.reasoning,
            job_id=self.job.id,
            is_from_former_job=is_former,
        )

    def _failure(self) -> ClassifyError:
        job = self.job
        if job.status is V1JobStatus.CANCELLED:
            return JobCancelledError("the job was cancelled; classify again to make a new one", job_id=job.id)
        if job.status is V1JobStatus.SUCCESS:
            return InvalidResponseError("the job ended as SUCCESS without a result for this file", job_id=job.id)
        is_told_of_this_file = job.status is V1JobStatus.ERROR or list(self.found.values()).count(None) == 1
        who = "the job" if job.status is V1JobStatus.ERROR else "this file of the job"
        reason = " ".join((job.error_message or "").split()) or "the service gives no reason"
        return JobFailedError(
            f"{who} failed (v1 tells one reason for the whole job: {reason}); look at the document. "
            "retry_failed=True makes it again",
            code=failure_of(job.id, job.error_message).code if is_told_of_this_file else None,
            job_id=job.id,
        )


async def fetch_results(client: PacedClient, job: V1Job, deadline: Deadline) -> JobResults:
    """Gets what a job that has ended found, all pages of it; a job that failed as a whole found nothing.

    Raises:
        ClassifyError: a request failed.
    """
    if job.status not in {V1JobStatus.SUCCESS, V1JobStatus.PARTIAL_SUCCESS}:
        return JobResults(job, {})
    first = list_results(job.id, page_size=RESULTS_PAGE_SIZE)
    files = AsyncListing(first, lambda call: client.run(call, deadline=deadline))
    return JobResults(job, {bare(file.file_id): file.result async for file in files if file.file_id is not None})


def bare(file_id: str) -> str:
    """A file's ID as it is compared: the service tells it with and without its prefix."""
    return file_id.lower().removeprefix("dfl-")
