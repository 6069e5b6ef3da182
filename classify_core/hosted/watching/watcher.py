"""Watches all open jobs of an account: one task, one list of jobs a request, looks when they are worth it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from classify_core.api.clock import Clock
from classify_core.api.waiting import LAST_LOOK_SECONDS
from classify_core.backend import unexpected
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, ClassifyTimeoutError
from classify_core.hosted.watching.agenda import TICK, Agenda, Look
from classify_core.hosted.watching.alarm import Alarm
from classify_core.hosted.watching.lookup import JobLookup, SeenJob, Sight
from classify_core.hosted.watching.prompt import FIRST_LOOK
from classify_core.hosted.watching.schedule import LookBudget
from classify_core.hosted.watching.watched_job import Watch, WatchedJob

LOOKS_AT_ONCE: Final = 4
"""Requests on their way at once: a slow service is not asked faster than it answers."""


class Watcher:
    """Waits for jobs to end; used on one event loop.

    One task runs while jobs are open, whatever their number.

    Args:
        clock: time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._agenda = Agenda()
        self._alarm = Alarm(clock)
        self._looks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None

    def watch(
        self,
        job: SeenJob,
        *,
        lookup: JobLookup,
        budget: LookBudget,
        deadline: Deadline,
        on_running: Callable[[], None] | None = None,
    ) -> asyncio.Future[SeenJob]:
        """Watches a job until it has ended; cancelling the future ends the watch.

        Args:
            job: the job as it was last seen; one that has ended is the answer at once.
            lookup: by which it can be looked at; those of one watcher may stand in for each other.
            budget: of the run that it belongs to.
            deadline: until when; it may be put off meanwhile. What a look waits for a limit puts it off.
            on_running: called once, when the job is seen at work.

        Returns:
            The job, ended; or a ClassifyError: the deadline was over and a last look found the job still open, or a
            look failed for good.
        """
        now = self._clock.monotonic()
        watch = Watch(
            future=asyncio.get_running_loop().create_future(),
            budget=budget,
            deadline=deadline,
            on_running=on_running,
            timeout=max(0.0, deadline.seconds_left(now)),
        )
        budget.begin(now)
        if job.status.is_terminal:
            watch.end(job)
            return watch.future
        self._add(job.id, watch, lookup, now)
        return watch.future

    def _add(self, job_id: str, watch: Watch, lookup: JobLookup, now: float) -> None:
        watched = self._agenda.jobs.get(job_id) or WatchedJob(job_id, now, now, lookup)
        watched.watches.append(watch)
        self._agenda.add(watched, watch.budget)
        watch.future.add_done_callback(lambda _: self._left(watched))
        if self._task is None:
            self._task = asyncio.ensure_future(self._run())
        earliest = min(now + (FIRST_LOOK if watch.budget.is_prompt else TICK), watch.deadline.moment)
        if earliest < self._alarm.moment:
            self._alarm.ring()

    def _left(self, job: WatchedJob) -> None:
        self._agenda.prune(job)
        if not self._agenda.jobs:
            self._alarm.ring()

    async def _run(self) -> None:
        try:
            while self._agenda.jobs:
                await self._alarm.sleep_until(self._begin_looks())
                if not self._agenda.jobs:
                    await self._stop_looks()
        except asyncio.CancelledError:  # the loop ends
            for job in list(self._agenda.jobs.values()):
                job.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - those who wait would wait for ever
            for job in list(self._agenda.jobs.values()):
                job.fail(unexpected(error))
        finally:
            self._task = None
            for look in self._looks:
                look.cancel()

    async def _stop_looks(self) -> None:
        """Ends looks that nobody waits for any more."""
        looks = list(self._looks)
        for look in looks:
            look.cancel()
        await asyncio.gather(*looks, return_exceptions=True)

    def _begin_looks(self) -> float:
        """Begins what is due as far as places are free, and returns when to see what is due next."""
        now = self._clock.monotonic()
        while True:
            looks, moment = self._agenda.looks(now)
            begun = [look for look in looks if self._begin(look, now)]
            if not begun:
                return moment

    def _begin(self, look: Look, now: float) -> bool:
        if len(self._looks) >= LOOKS_AT_ONCE and not look.is_late:
            for job in look.jobs:
                job.lacks_place = True
            return False
        self._agenda.begun(look, now)
        task = asyncio.ensure_future(self._look(look, now))
        self._looks.add(task)
        task.add_done_callback(self._looked)
        return True

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looks.discard(task)
        self._alarm.ring()

    async def _look(self, look: Look, began: float) -> None:
        deadline = _deadline_of(look.jobs, began)
        planned = deadline.moment
        try:
            sights = await look.lookup.look([job.job_id for job in look.jobs], deadline=deadline)
        except Exception as error:  # noqa: BLE001 - those who wait would wait for ever
            sights = dict.fromkeys((job.job_id for job in look.jobs), unexpected(error))
        finally:
            for job in look.jobs:
                job.is_looked_at = False
        for job in look.jobs:
            job.put_off(deadline.moment - planned)
            self._take(job, sights[job.job_id], look.lookup, began)
            self._agenda.prune(job)

    def _take(self, job: WatchedJob, sight: Sight, lookup: JobLookup, began: float) -> None:
        """Takes note of what a look told of a job."""
        if isinstance(sight, ClassifyTimeoutError):
            job.time_out(self._clock.monotonic())
        elif isinstance(sight, ClassifyError):
            if lookup is job.lookup:
                job.fail(sight)
            job.needs_own_lookup = True
        else:
            self._agenda.learn(job, sight, self._clock.monotonic())
            job.see(sight)
            job.time_out(began)
        job.looked_at = began


def _deadline_of(jobs: Sequence[WatchedJob], began: float) -> Deadline:
    """The deadline of a look: the nearest of its jobs', but enough for one request.

    So a service that does not answer lets no job wait for long beyond its own deadline.
    """
    deadlines = [watch.deadline for job in jobs for watch in job.watches]
    nearest = min((deadline.moment for deadline in deadlines), default=began)  # none: everybody has just left
    moment = max(began, nearest) + LAST_LOOK_SECONDS
    latest = [deadline.latest for deadline in deadlines if deadline.latest is not None]
    return Deadline(moment, latest=max(began, min(latest)) + LAST_LOOK_SECONDS if latest else None)
