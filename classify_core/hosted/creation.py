"""How a job comes to be: made under its transaction ID, or found there because equal work was done before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from classify_core.api.call import Call, read
from classify_core.api.calls_jobs import create_job
from classify_core.backend import ClassifyRequest
from classify_core.hosted.known_uploads import is_same_file
from classify_core.hosted.per_configuration import PerConfiguration
from classify_core.hosted.uploads import FileInput
from classify_core.hosted.watching.lookup import SeenJob
from classify_core.models import ClassifyJob, JobStatus

CLOCK_SKEW: Final = timedelta(minutes=2)
"""How much the service's clock may be behind ours, where its answer does not tell the time."""
CLOCK_SLACK: Final = timedelta(seconds=2)
"""The same, where it does, in whole seconds."""

_ANY_FILE: Final = "dfl-"
"""Stands in what is made once for all documents, where each has its own."""


@dataclass(frozen=True, slots=True)
class CreatedJob:
    """What a create answered.

    Attributes:
        job: the job, made now or before.
        served_at: the time of the answer, by the service's clock; None where it does not tell.
    """

    job: SeenJob
    served_at: datetime | None


@dataclass(frozen=True, slots=True)
class Beginning:
    """When a create began, by two clocks.

    Attributes:
        now: the time of day.
        moment: the reading of `monotonic()`.
    """

    now: datetime
    moment: float


class Creations:
    """Describes the calls that make jobs; what is the same for all documents of a configuration is made once."""

    def __init__(self) -> None:
        self._templates: PerConfiguration[Call[ClassifyJob]] = PerConfiguration(
            lambda request: _described(request, "-")
        )

    def of(self, request: ClassifyRequest, file_input: str, transaction_id: str) -> Call[CreatedJob]:
        """The call that makes a document's job.

        Raises:
            InvalidOptionError: the ID that the user named the document by cannot be one.
        """
        # An ID that the user named the document by has to be checked, one of an upload of ours has not.
        call = _described(request, file_input) if request.content is None else self._templates.of(request)
        body = {**call.json, "file_input": file_input, "transaction_id": transaction_id}
        return Call(call.method, call.route, call.path, _read, json=body)


def _described(request: ClassifyRequest, file_input: str) -> Call[ClassifyJob]:
    saved = request.configuration_id
    return create_job(
        file_input, configuration=request.configuration if saved is None else None, configuration_id=saved
    )


def _read(response: httpx.Response) -> CreatedJob:
    return CreatedJob(read(SeenJob)(response), _served_at(response))


def _served_at(response: httpx.Response) -> datetime | None:
    try:
        return _aware(parsedate_to_datetime(response.headers["date"]))
    except (KeyError, ValueError, TypeError):
        return None


def is_former(created: CreatedJob, file: FileInput, begin: Beginning, end: float) -> bool:
    """Whether a job was made before this call: for another upload, or, where that tells nothing, before it began.

    Args:
        created: what was answered.
        file: what was asked for.
        begin: when that began.
        end: when it was answered, as a reading of `monotonic()`.
    """
    job = created.job
    if not is_same_file(job.file_input, file.file_id):
        return True
    if file.is_new or job.created_at is None:
        return False
    if created.served_at is None:
        return _aware(job.created_at) < begin.now - CLOCK_SKEW
    return _aware(job.created_at) < created.served_at - timedelta(seconds=end - begin.moment) - CLOCK_SLACK


def may_be_made_again(status: JobStatus, *, retry_failed: bool) -> bool:
    """Whether a former job that ended so is passed over for another attempt."""
    return status is JobStatus.CANCELLED or (status is JobStatus.FAILED and retry_failed)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
