"""Makes a v1 job once, although v1 has no transaction IDs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from classify_core.api.calls_files import list_files
from classify_core.api.clock import Clock
from classify_core.api.paging import AsyncListing
from classify_core.api.waiting import LAST_LOOK_SECONDS
from classify_core.deadline import Deadline
from classify_core.errors import (
    ApiError,
    ClassifyError,
    ClassifyTimeoutError,
    ConnectionFailedError,
    InvalidResponseError,
    ServerError,
)
from classify_core.hosted.account import KnownJobs
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.v1.recovery import LostJobs
from classify_core.hosted.v1.results import bare
from classify_core.hosted.v1.work import Work
from classify_core.models_v1 import V1Job

MAX_CREATES: Final = 6
"""Attempts, as many as other requests get; between them there is a search for what the last one may have made."""

FILES_A_LISTING: Final = 100
"""File IDs in one query: more would make an address that proxies refuse."""

_REQUEST_TIMEOUT: Final = 408


class Creation:
    """Makes jobs; where an answer is lost, the job is looked for before it is made again."""

    def __init__(self, client: PacedClient, clock: Clock, known: KnownJobs) -> None:
        self._client = client
        self._clock = clock
        self._lost_jobs = LostJobs(client, clock, known)

    async def create(
        self, work: Work, file_ids: Sequence[str], deadline: Deadline, on_wait: Callable[[float], None]
    ) -> V1Job:
        """Makes the job of these files.

        Raises:
            ClassifyTimeoutError: there was no answer in time.
            ClassifyError: it could not be made.
        """
        since = self._clock.now()
        call = work.creation(file_ids)
        attempt = 1
        while True:
            try:
                return await self._client.run(call, deadline=deadline, on_wait=on_wait)
            except ClassifyError as error:
                if not _may_have_been_made(error):
                    raise
                job = await self._found(work, file_ids, since, deadline, error)
                if job is not None:
                    return job
                if attempt == MAX_CREATES or isinstance(error, ClassifyTimeoutError):
                    raise
            attempt += 1

    async def _found(
        self, work: Work, file_ids: Sequence[str], since: datetime, deadline: Deadline, error: ClassifyError
    ) -> V1Job | None:
        """The job that an attempt made without our being told.

        Raises:
            ClassifyError: the attempt's, where that cannot be found out: another might make a second job.
        """
        if isinstance(error, ClassifyTimeoutError):  # late; but what is running and paid for should be noted
            deadline = Deadline(self._clock.monotonic() + LAST_LOOK_SECONDS)
        try:
            return await self._lost_jobs.find(work, file_ids, since, deadline)
        except ClassifyError:
            raise error from None

    async def unknown_files(self, file_ids: Sequence[str], deadline: Deadline) -> set[str]:
        """Those of some files that the service does not have, as `bare` spells them.

        Raises:
            ClassifyError: the service could not be asked.
        """
        unknown = set(map(bare, file_ids))
        for begin in range(0, len(file_ids), FILES_A_LISTING):
            some = file_ids[begin : begin + FILES_A_LISTING]
            first = list_files(file_ids=some, page_size=FILES_A_LISTING)
            async for file in AsyncListing(first, lambda call: self._client.run(call, deadline=deadline)):
                unknown.discard(bare(file.id))
        return unknown


def _may_have_been_made(error: ClassifyError) -> bool:
    """Whether a creation that failed so may have made its job."""
    if isinstance(error, ClassifyTimeoutError):
        return error.__cause__ is not None  # without one nothing was sent
    if isinstance(error, ApiError) and error.status == _REQUEST_TIMEOUT:
        return True
    return isinstance(error, (ConnectionFailedError, ServerError, InvalidResponseError))
