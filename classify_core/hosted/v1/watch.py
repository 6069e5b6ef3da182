"""Waits for v1 jobs: their listing has no filter, so each is looked at by its ID, once for all of its documents."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import Final

from classify_core.api.calls_v1 import get_job
from classify_core.api.clock import Clock
from classify_core.api.waiting import LAST_LOOK_SECONDS
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyTimeoutError
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.shared_deadline import SharedDeadline
from classify_core.hosted.v1.begun_file import BegunFile, telling
from classify_core.hosted.v1.results import JobResults, fetch_results
from classify_core.models_v1 import V1Job
from classify_core.single_flight import SingleFlight

SHORTEST_GAP: Final = 0.15
LONGEST_GAP: Final = 5.0
GAP_SHARE: Final = 0.1
"""A job's end is noticed within this share of its age, in gaps of these seconds."""

MAX_ENDED: Final = 20
"""Jobs whose results are kept for further documents of theirs: 10,000 labels."""


class JobWatch:
    """Looks at one job, at first promptly, then ever less often, until it has ended or nobody waits any more.

    Args:
        job: the job as it stands.
        files: the documents that wait for it.
        client: asks the service.
        clock: the time.
        shortest_gap: seconds between looks at the least.

    Attributes:
        files: all documents that wait for it, or did.
        results: what the job found, once that is known.
    """

    def __init__(
        self, job: V1Job, files: list[BegunFile], client: PacedClient, clock: Clock, *, shortest_gap: float
    ) -> None:
        self.job = job
        self.files = list(files)
        self.results: JobResults | None = None
        self._client = client
        self._clock = clock
        self._shortest_gap = shortest_gap
        self._begun_at = clock.monotonic()

    async def run(self) -> None:
        """Waits for the job's end as long as anybody does; a document whose time is over is dismissed before that."""
        with telling(self.files):
            while self.results is None and self._waiting:
                if not self.job.status.is_terminal:
                    await self._clock.asleep(self._pause(self._waiting))
                await self._look(self._waiting)

    @property
    def _waiting(self) -> list[BegunFile]:
        return [file for file in self.files if file.is_waiting]

    async def _look(self, waiting: list[BegunFile]) -> None:
        """Looks once, or gives up as soon as the first document's time is over."""
        if not waiting:
            return
        now = self._clock.monotonic()
        moment = max(min(file.deadline.moment for file in waiting), now + LAST_LOOK_SECONDS)
        deadline = SharedDeadline(moment, [file.deadline for file in waiting])
        try:
            if not self.job.status.is_terminal:
                self.job = await self._client.run(get_job(self.job.id), deadline=deadline)
            if self.job.status.is_terminal:
                self.results = await fetch_results(self._client, self.job, deadline)
        except ClassifyTimeoutError:
            pass  # of those whose time is over; the others go on
        if self.results is None:
            self._dismiss_late()

    def _dismiss_late(self) -> None:
        now = self._clock.monotonic()
        for file in self._waiting:
            if file.deadline.seconds_left(now) <= 0:
                file.time_out()

    def _pause(self, waiting: list[BegunFile]) -> float:
        """Seconds until the next look: when it is due, or when a document's time is over."""
        now = self._clock.monotonic()
        gap = max(self._shortest_gap, min(LONGEST_GAP, GAP_SHARE * (now - self._begun_at)))
        return max(0.0, min(gap, min(file.deadline.moment for file in waiting) - now))


class Watches:
    """All open jobs that are waited for, and the results of the last ones that have ended.

    Args:
        client: asks the service.
        clock: the time.
        requests_per_minute: what the plan allows, where it counts every request; None is no limit.
    """

    def __init__(self, client: PacedClient, clock: Clock, *, requests_per_minute: int | None) -> None:
        self._client = client
        self._clock = clock
        self._shortest_gap = SHORTEST_GAP if requests_per_minute is None else 60.0 / requests_per_minute
        self._open: dict[str, JobWatch] = {}
        self._ended: OrderedDict[str, JobResults] = OrderedDict()
        self._looks: SingleFlight[V1Job | JobResults] = SingleFlight()

    async def state(self, job_id: str, deadline: Deadline) -> V1Job | JobResults:
        """Looks at a job once: the job while it is open, what it found after that.

        Raises:
            NotFoundError: there is no such job.
            ClassifyError: the service could not be asked.
        """
        ended = self._ended.get(job_id)
        return ended if ended is not None else await self._looks.do(job_id, partial(self._looked, job_id, deadline))

    def begin(self, job: V1Job, files: list[BegunFile]) -> JobWatch:
        """Begins to wait for a job that nobody waits for yet; `carry` does it."""
        watch = JobWatch(job, files, self._client, self._clock, shortest_gap=self._shortest_gap)
        self._open[job.id] = watch
        return watch

    def join(self, job_id: str, file: BegunFile) -> bool:
        """Adds a document to those that wait for a job; False where nobody does."""
        watch = self._open.get(job_id)
        if watch is not None:
            watch.files.append(file)
        return watch is not None

    async def carry(self, watch: JobWatch) -> None:
        """Waits for a job until it has ended, or nobody waits for it any more."""
        try:
            await watch.run()
        finally:
            del self._open[watch.job.id]
        if watch.results is not None:
            self._keep(watch.results)

    async def _looked(self, job_id: str, deadline: Deadline) -> V1Job | JobResults:
        job = await self._client.run(get_job(job_id), deadline=deadline)
        if not job.status.is_terminal:
            return job
        return self._keep(await fetch_results(self._client, job, deadline))

    def _keep(self, results: JobResults) -> JobResults:
        self._ended[results.job.id] = results
        if len(self._ended) > MAX_ENDED:
            self._ended.popitem(last=False)
        return results
