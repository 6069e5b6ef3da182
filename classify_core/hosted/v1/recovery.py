"""Finds the v1 job whose creation's answer was lost; the API itself has nothing to name it by.

What can be told of such a job: it is among the newest, it was made since the attempt, it has the same rules, mode and
parsing options, and its results list exactly the files that were sent. The limits of that: the service documents no
order of the list, so a job beyond its first pages is missed; where results name no files before the job has ended, it
is waited for until they do; and an equal job that somebody else made of the very same files in the same two minutes is
taken for ours, whose results are the same.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from classify_core.api.calls_v1 import list_jobs, list_results
from classify_core.api.clock import Clock
from classify_core.api.paging import AsyncListing
from classify_core.deadline import Deadline
from classify_core.errors import ConflictError, NotFoundError, RejectedRequestError
from classify_core.hosted.account import KnownJobs
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.v1.results import RESULTS_PAGE_SIZE, bare
from classify_core.hosted.v1.work import Work
from classify_core.models_v1 import V1Job

CLOCK_SKEW: Final = timedelta(minutes=2)
"""How much the service's clock may be behind ours."""

PAUSES: Final = (0.2, 1.0)
"""Seconds before each look: a service that answered too late may still be making the job at the first."""

LONGEST_PAUSE: Final = 5.0
LISTED_JOBS: Final = 100
MAX_PAGES: Final = 5


class LostJobs:
    """Looks for jobs that may have been made without our being told.

    Args:
        client: asks the service.
        clock: the time.
        known: jobs that were made otherwise, so that none of them is meant.
    """

    def __init__(self, client: PacedClient, clock: Clock, known: KnownJobs) -> None:
        self._client = client
        self._clock = clock
        self._known = known

    async def find(self, work: Work, file_ids: Sequence[str], since: datetime, deadline: Deadline) -> V1Job | None:
        """The job of this work and exactly these files that was made since then; None where none was.

        Raises:
            ClassifyTimeoutError: the time was over before that was known.
            ClassifyError: the service could not be asked.
        """
        wanted = frozenset(map(bare, file_ids))
        others: set[str] = set()
        looks, is_undecided = 0, True
        while is_undecided or looks < len(PAUSES):
            await self._clock.asleep(PAUSES[looks] if looks < len(PAUSES) else min(looks, LONGEST_PAUSE))
            looks += 1
            is_undecided = False
            for job in await self._candidates(work, since, others, deadline):
                files = await self._files_of(job, deadline)
                if files == wanted:
                    return job
                if files < wanted and not job.status.is_terminal:
                    is_undecided = True
                else:
                    others.add(job.id)
        return None

    async def _candidates(self, work: Work, since: datetime, others: Container[str], deadline: Deadline) -> list[V1Job]:
        listing = AsyncListing(list_jobs(page_size=LISTED_JOBS), lambda call: self._client.run(call, deadline=deadline))
        found: list[V1Job] = []
        pages = 0
        async for page in listing.pages():
            recent = [job for job in page.items if _is_since(job, since)]
            found += [job for job in recent if job.id not in self._known and job.id not in others and work.is_of(job)]
            pages += 1
            if not recent or pages == MAX_PAGES:
                break
        return found

    async def _files_of(self, job: V1Job, deadline: Deadline) -> frozenset[str]:
        """The files that a job's results list; none where it does not tell them yet."""
        first = list_results(job.id, page_size=RESULTS_PAGE_SIZE)
        files = AsyncListing(first, lambda call: self._client.run(call, deadline=deadline))
        try:
            return frozenset([bare(file.file_id) async for file in files if file.file_id is not None])
        except (NotFoundError, ConflictError, RejectedRequestError):
            return frozenset()


def _is_since(job: V1Job, since: datetime) -> bool:
    created = job.created_at
    if created is None:
        return True
    return (created if created.tzinfo is not None else created.replace(tzinfo=UTC)) >= since - CLOCK_SKEW
