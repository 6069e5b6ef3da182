"""A job that is watched, and those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from classify_core.backend import unexpected
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, ClassifyTimeoutError
from classify_core.hosted.watching.lookup import JobLookup, SeenJob
from classify_core.hosted.watching.prompt import gap_after
from classify_core.hosted.watching.schedule import LookBudget
from classify_core.models import JobStatus
from classify_core.run_state import without_stack


@dataclass(eq=False)
class Watch:
    """One who waits for a job.

    Attributes:
        future: gets the job, or why it will not come.
        budget: of the run that it belongs to.
        deadline: until when it is waited for.
        on_running: called once, when the job was seen at work; None afterwards.
        timeout: the seconds from the begin until the deadline as it was then.
    """

    future: asyncio.Future[SeenJob]
    budget: LookBudget
    deadline: Deadline
    on_running: Callable[[], None] | None
    timeout: float

    def fail(self, error: ClassifyError) -> None:
        """Ends the wait with an error."""
        if not self.future.done():
            self.future.set_exception(error)

    def end(self, job: SeenJob) -> None:
        """Ends the wait with the job."""
        if not self.future.done():
            self.future.set_result(job)

    def tell_running(self) -> None:
        """Says, once, that the job is at work."""
        told, self.on_running = self.on_running, None
        if told is None:
            return
        try:
            told()
        except Exception as error:  # noqa: BLE001 - it is the caller's code, and harms the caller's wait alone
            self.fail(error if isinstance(error, ClassifyError) else unexpected(error))


@dataclass(eq=False)
class WatchedJob:
    """A job that has not been seen to have ended.

    Attributes:
        job_id: the job.
        created: when the watch began, about when it was made; a reading of the clock, in seconds.
        looked_at: when the last look at it began, or `created`.
        lookup: by whom it can be looked at.
        is_looked_at: whether a look is on its way.
        lacks_place: whether a look at it was due, but too many were on their way.
        needs_own_lookup: whether another's lookup failed, so that only its own may be used.
        watches: those who wait for it.
    """

    job_id: str
    created: float
    looked_at: float
    lookup: JobLookup
    is_looked_at: bool = False
    lacks_place: bool = False
    needs_own_lookup: bool = False
    watches: list[Watch] = field(default_factory=list)

    @property
    def next_prompt_look(self) -> float:
        """When it is looked at where looks may be as many as it takes."""
        return self.looked_at + gap_after(self.looked_at - self.created)

    @property
    def next_deadline(self) -> float:
        """When the first of those who wait has to be told how it stands."""
        return min(watch.deadline.moment for watch in self.watches)

    def late(self, moment: float) -> Iterator[Watch]:
        """Those whose deadline is not after a moment."""
        return (watch for watch in self.watches if watch.deadline.moment <= moment)

    def fail(self, error: ClassifyError) -> None:
        """Tells everybody, each by an error of his own, that nothing more is learned."""
        for watch in self.watches:
            watch.fail(without_stack(error).about(job_id=self.job_id))

    def time_out(self, moment: float) -> None:
        """Tells those whose deadline is not after a moment that it is over."""
        for watch in self.late(moment):
            watch.fail(
                ClassifyTimeoutError(
                    f"the job had not ended after {watch.timeout:.3g} s; it may still end: wait again, or with a "
                    "longer timeout",
                    timeout=watch.timeout,
                    job_id=self.job_id,
                )
            )

    def see(self, job: SeenJob) -> None:
        """Tells everybody that it has ended, or, once, that it is at work."""
        for watch in self.watches:
            if job.status.is_terminal:
                watch.end(job)
            elif job.status is JobStatus.RUNNING:
                watch.tell_running()

    def put_off(self, seconds: float) -> None:
        """Lets nobody lose the seconds that a look waited for a limit."""
        if seconds > 0.0:
            for watch in self.watches:
                watch.deadline.put_off(seconds)

    def cancel(self) -> None:
        """Ends the wait of everybody without a word."""
        for watch in self.watches:
            watch.future.cancel()
