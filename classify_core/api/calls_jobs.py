"""The calls of `client.jobs`; their docstrings are those of its methods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import uuid4

import httpx

from classify_core.api.arguments import Rules, build, checked_page_size, chosen_configuration, moment, values
from classify_core.api.call import Call, Settled, fill, read
from classify_core.api.waiting import DEFAULT_TIMEOUT, Wait, failure_of
from classify_core.errors import InvalidOptionError, InvalidResponseError, JobCancelledError
from classify_core.models import (
    ClassifyConfiguration,
    ClassifyJob,
    ClassifyJobCreate,
    ClassifyResult,
    DeletedJob,
    JobStatus,
    Page,
    ParsingConfiguration,
    WebhookConfiguration,
)

JOBS = "/api/v2/classify"
JOB = "/api/v2/classify/{job_id}"
CANCEL = "/api/v2/classify/{job_id}/cancel"
LARGEST_PAGE = 100


def create_job(
    file_input: str,
    *,
    rules: Rules | None = None,
    configuration: ClassifyConfiguration | None = None,
    configuration_id: str | None = None,
    parsing_configuration: ParsingConfiguration | None = None,
    transaction_id: str | None = None,
    webhook_configurations: Sequence[WebhookConfiguration] | None = None,
    webhook_configuration_ids: Sequence[str] | None = None,
) -> Call[ClassifyJob]:
    """Creates a job that classifies one document.

    Every attempt carries the same transaction ID, so that an answer that got lost never makes a second job.

    Args:
        file_input: the ID of an uploaded file (`dfl-...`) or of a parse job (`pjb-...`).
        rules: what to look for. Give one of `rules`, `configuration` and `configuration_id`.
        configuration: rules with their options.
        configuration_id: a saved configuration (`cfg-...`).
        parsing_configuration: which pages are read, along with `rules`. Without `max_pages` every page is read and
            billed.
        transaction_id: a repeated one returns the job that was made with it, also a failed one, and ignores the rest;
            made up where it is None.
        webhook_configurations: where the service reports the job's progress.
        webhook_configuration_ids: the same, as saved with the service.

    Returns:
        The job, most likely still PENDING.

    Raises:
        InvalidRulesError: a rule breaks a limit; nothing was sent.
        InvalidOptionError: another argument cannot work; nothing was sent.
        RejectedRequestError: the file or configuration is not of this project.
        OutOfCreditsError: the account has no credits left.
        ClassifyError: any other failure, each with its own class.
    """
    body = build(
        ClassifyJobCreate,
        file_input=file_input,
        configuration=chosen_configuration(rules, configuration, parsing_configuration),
        configuration_id=configuration_id,
        transaction_id=str(uuid4()) if transaction_id is None else transaction_id,
        webhook_configurations=webhook_configurations,
        webhook_configuration_ids=webhook_configuration_ids,
    )
    if not file_input.strip() or not body.transaction_id:
        raise InvalidOptionError("file_input and transaction_id may not be empty; the latter may be left out")
    return Call("POST", JOBS, JOBS, read(ClassifyJob), json=body.model_dump(mode="json", exclude_none=True))


def get_job(job_id: str, *, expand: Sequence[str] = ()) -> Call[ClassifyJob]:
    """Returns a job as it stands.

    Args:
        job_id: the job.
        expand: what else to tell; `["usage"]` adds the credits spent.

    Raises:
        NotFoundError: there is no such job in the key's project.
        UnknownStatusError: the job has a status that this version does not know.
        ClassifyError: any other failure, each with its own class.
    """
    return Call("GET", JOB, fill(JOB, job_id=job_id), read(ClassifyJob), params=_expand(expand), job_id=job_id)


def _expand(expand: Sequence[str]) -> dict[str, Any]:
    return {"expand": values("expand", expand) if expand else None}


def list_jobs(
    *,
    status: JobStatus | str | None = None,
    configuration_id: str | None = None,
    job_ids: Sequence[str] | None = None,
    created_at_on_or_after: datetime | None = None,
    created_at_on_or_before: datetime | None = None,
    page_size: int | None = None,
    page_token: str | None = None,
) -> Call[Page[ClassifyJob]]:
    """Lists jobs with their results: iterate it for jobs, or its `pages()` for pages; each page is one request.

    Args:
        status: only those that stand so.
        configuration_id: only those of this saved configuration.
        job_ids: only these.
        created_at_on_or_after: only those made then or later; with a time zone.
        created_at_on_or_before: only those made then or earlier; with a time zone.
        page_size: jobs a page, 1 to 100; None leaves it to the service.
        page_token: begins at this page.

    Raises:
        InvalidOptionError: an argument cannot work; raised at once.
        ClassifyError: a request failed; raised while iterating.
    """
    if status is not None and status not in set(JobStatus):
        raise InvalidOptionError(f"status is {status!r}; known are {', '.join(JobStatus)}")
    params = {
        "status": status,
        "configuration_id": configuration_id,
        "job_ids": values("job_ids", job_ids),
        "created_at_on_or_after": moment("created_at_on_or_after", created_at_on_or_after),
        "created_at_on_or_before": moment("created_at_on_or_before", created_at_on_or_before),
        "page_size": checked_page_size(page_size, LARGEST_PAGE),
        "page_token": page_token,
    }
    return Call("GET", JOBS, JOBS, read(Page[ClassifyJob]), params=params)


def cancel_job(job_id: str) -> Call[ClassifyJob]:
    """Cancels a job that has not ended, and returns it.

    Where the answer got lost and the next attempt is refused, the job tells whether it was cancelled.

    Raises:
        ConflictError: the job has ended already.
        NotFoundError: there is no such job in the key's project.
        ClassifyError: any other failure, each with its own class.
    """
    settled: Settled[ClassifyJob] = Settled(409, get_job(job_id), lambda job: job.status is JobStatus.CANCELLED)
    return Call("POST", CANCEL, fill(CANCEL, job_id=job_id), read(ClassifyJob), settled=settled, job_id=job_id)


def delete_job(job_id: str) -> Call[DeletedJob]:
    """Deletes a job that has ended, and its result.

    Raises:
        ConflictError: the job has not ended yet.
        NotFoundError: there is no such job in the key's project.
        ClassifyError: any other failure, each with its own class.
    """

    def parse(response: httpx.Response) -> DeletedJob:
        return read(DeletedJob)(response) if response.content else DeletedJob(id=job_id)

    return Call(
        "DELETE", JOB, fill(JOB, job_id=job_id), parse, settled=Settled(404, DeletedJob(id=job_id)), job_id=job_id
    )


def wait_for_job(
    job: ClassifyJob | str,
    *,
    timeout: float = DEFAULT_TIMEOUT,
    poll_interval: float | None = None,
    expand: Sequence[str] = (),
) -> Wait[ClassifyJob]:
    """Waits until a job has ended and returns it, completed.

    It looks at once and sleeps after, never past the deadline.

    Args:
        job: the job or its ID; a job that is known to have ended is used as it is, without a request.
        timeout: seconds; 0 looks once.
        poll_interval: seconds between looks; None begins at 0.3 s and grows to 5 s.
        expand: what else to tell of the job; `["usage"]` adds the credits spent.

    Raises:
        JobFailedError: the job FAILED; its `code` says why where the service does.
        JobCancelledError: the job was CANCELLED.
        ClassifyTimeoutError: it had not ended in time.
        UnknownStatusError: it has a status that this version does not know.
        ClassifyError: a look failed, also after its retries.
    """
    known = job if isinstance(job, ClassifyJob) else None
    look = get_job(job.id if isinstance(job, ClassifyJob) else job, expand=expand)
    return Wait(known, look, has_ended, timeout, poll_interval)


class JobEnd(Protocol):
    """A job as far as its end is concerned."""

    @property
    def id(self) -> str:
        """Its ID."""

    @property
    def status(self) -> JobStatus:
        """Where it stands."""

    @property
    def result(self) -> ClassifyResult | None:
        """Its result, once it is COMPLETED."""

    @property
    def error_message(self) -> str | None:
        """Why it FAILED."""


def has_ended(job: JobEnd) -> bool:
    """Whether a job is COMPLETED.

    Raises:
        JobFailedError: it FAILED.
        JobCancelledError: it was CANCELLED.
        InvalidResponseError: it is COMPLETED without a result.
    """
    if job.status is JobStatus.FAILED:
        raise failure_of(job.id, job.error_message)
    if job.status is JobStatus.CANCELLED:
        raise JobCancelledError("the job was cancelled; create a new one to classify the document", job_id=job.id)
    if job.status is JobStatus.COMPLETED and job.result is None:
        raise InvalidResponseError("the job is COMPLETED but has no result; report it to the service", job_id=job.id)
    return job.status.is_terminal
