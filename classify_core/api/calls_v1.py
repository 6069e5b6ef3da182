"""The calls of `client.v1.jobs`, the deprecated API; their docstrings are those of its methods."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.api.arguments import Rules, build, checked_page_size
from classify_core.api.call import Call, Retry, fill, read
from classify_core.api.waiting import DEFAULT_TIMEOUT, Wait, failure_of
from classify_core.errors import InvalidOptionError, JobCancelledError
from classify_core.models import Page, WebhookConfiguration
from classify_core.models_v1 import (
    FileClassification,
    V1Job,
    V1JobCreate,
    V1JobStatus,
    V1Mode,
    V1ParsingConfiguration,
)
from classify_core.rules import configuration_of

JOBS = "/api/v1/classifier/jobs"
JOB = "/api/v1/classifier/jobs/{classify_job_id}"
RESULTS = "/api/v1/classifier/jobs/{classify_job_id}/results"


def create_job(
    file_ids: Sequence[str],
    *,
    rules: Rules,
    mode: V1Mode | str = V1Mode.FAST,
    parsing_configuration: V1ParsingConfiguration | None = None,
    webhook_configurations: Sequence[WebhookConfiguration] = (),
) -> Call[V1Job]:
    """Creates a job that classifies many files.

    v1 has no transaction ID, so this is sent again only where surely no job was made.

    Args:
        file_ids: 1 to 500 uploaded files.
        rules: what to look for.
        mode: `FAST` reads text, `MULTIMODAL` looks at pages too.
        parsing_configuration: which pages are read; the first 5 of each file unless said.
        webhook_configurations: where the service reports the job's progress.

    Raises:
        InvalidRulesError: a rule breaks a limit; nothing was sent.
        InvalidOptionError: another argument cannot work; nothing was sent.
        ClassifyError: any other failure, each with its own class.
    """
    if isinstance(file_ids, str):
        raise InvalidOptionError("file_ids is one string; give a list of IDs")
    body = build(
        V1JobCreate,
        file_ids=tuple(file_ids),
        rules=configuration_of(rules).rules,
        mode=mode,
        parsing_configuration=V1ParsingConfiguration() if parsing_configuration is None else parsing_configuration,
        webhook_configurations=tuple(webhook_configurations),
    )
    # max_pages=None means every page and has to be said, since leaving it out means 5.
    json = body.model_dump(mode="json", exclude_none=True)
    json["parsing_configuration"]["max_pages"] = body.parsing_configuration.max_pages
    return Call("POST", JOBS, JOBS, read(V1Job), json=json, retry=Retry.UNSENT)


def get_job(classify_job_id: str) -> Call[V1Job]:
    """Returns a job as it stands; its results are apart.

    Raises:
        NotFoundError: there is no such job in the key's project.
        UnknownStatusError: the job has a status that this version does not know.
        ClassifyError: any other failure, each with its own class.
    """
    path = fill(JOB, classify_job_id=classify_job_id)
    return Call("GET", JOB, path, read(V1Job), job_id=classify_job_id)


def list_jobs(*, page_size: int | None = None, page_token: str | None = None) -> Call[Page[V1Job]]:
    """Lists jobs: iterate it for jobs, or its `pages()` for pages; each page is one request.

    Args:
        page_size: jobs a page; None leaves it to the service.
        page_token: begins at this page.

    Raises:
        InvalidOptionError: an argument cannot work; raised at once.
        ClassifyError: a request failed; raised while iterating.
    """
    return Call("GET", JOBS, JOBS, read(Page[V1Job]), params=_page(page_size, page_token))


def list_results(
    classify_job_id: str, *, page_size: int | None = None, page_token: str | None = None
) -> Call[Page[FileClassification]]:
    """Lists what a job found for each file: iterate it for files, or its `pages()` for pages.

    Args:
        classify_job_id: the job.
        page_size: files a page; None leaves it to the service.
        page_token: begins at this page.

    Raises:
        NotFoundError: there is no such job in the key's project.
        ClassifyError: another request failed; raised while iterating.
    """
    path = fill(RESULTS, classify_job_id=classify_job_id)
    params = _page(page_size, page_token)
    return Call("GET", RESULTS, path, read(Page[FileClassification]), params=params, job_id=classify_job_id)


def _page(page_size: int | None, page_token: str | None) -> dict[str, int | str | None]:
    return {"page_size": checked_page_size(page_size), "page_token": page_token}


def wait_for_job(
    job: V1Job | str, *, timeout: float = DEFAULT_TIMEOUT, poll_interval: float | None = None
) -> Wait[V1Job]:
    """Waits until a job has ended and returns it, with SUCCESS or PARTIAL_SUCCESS.

    Args:
        job: the job or its ID; a job that is known to have ended is used as it is, without a request.
        timeout: seconds; 0 looks once.
        poll_interval: seconds between looks; None begins at 0.3 s and grows to 5 s.

    Raises:
        JobFailedError: the job ended as ERROR.
        JobCancelledError: the job was CANCELLED.
        ClassifyTimeoutError: it had not ended in time.
        UnknownStatusError: it has a status that this version does not know.
        ClassifyError: a look failed, also after its retries.
    """
    known = job if isinstance(job, V1Job) else None
    look = get_job(job.id if isinstance(job, V1Job) else job)
    return Wait(known, look, has_ended, timeout, poll_interval)


def has_ended(job: V1Job) -> bool:
    """Whether a job is done with all of its files, though some may have failed alone.

    Raises:
        JobFailedError: it ended as ERROR.
        JobCancelledError: it was CANCELLED.
    """
    if job.status is V1JobStatus.ERROR:
        raise failure_of(job.id, job.error_message)
    if job.status is V1JobStatus.CANCELLED:
        raise JobCancelledError("the job was cancelled; create a new one to classify the files", job_id=job.id)
    return job.status.is_terminal
