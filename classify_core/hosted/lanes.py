"""Where requests wait for the limits: one lane a kind of request, first come, first served within it.

The first of a lane sleeps until the moment at which it may be sent; those behind it are woken once each, when their
turn comes. So the number of those who wait costs nothing.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import Enum, IntEnum
from typing import Final

from classify_core.api.call import Call
from classify_core.api.calls_files import FILES
from classify_core.api.calls_jobs import JOB, JOBS
from classify_core.api.calls_v1 import JOB as V1_JOB
from classify_core.api.calls_v1 import JOBS as V1_JOBS
from classify_core.api.calls_v1 import RESULTS as V1_RESULTS
from classify_core.api.clock import Clock
from classify_core.api.flow import TooLateError
from classify_core.hosted.alarms import done_within
from classify_core.sliding_window import SlidingWindow

OnWait = Callable[[float], None]

NOTICEABLE_SECONDS: Final = 0.5
"""A shorter wait is not told."""

OUTLOOK_SECONDS: Final = 1.0
"""How often those who wait are told at most how long it will yet be."""


class Kind(IntEnum):
    """Kinds of requests, the most urgent first.

    They contend where a plan counts every request. A look at the jobs frees places for new ones, so it must not wait
    behind hundreds of uploads; and a job that can be created gets its document out of memory, which an upload does not.
    """

    LOOK = 0
    OTHER = 1
    CREATE = 2
    UPLOAD = 3


_KINDS: Final = {
    **{f"GET {route}": Kind.LOOK for route in (JOBS, JOB, V1_JOBS, V1_JOB, V1_RESULTS)},
    **{f"POST {route}": Kind.CREATE for route in (JOBS, V1_JOBS)},
    f"POST {FILES}": Kind.UPLOAD,
}


def kind_of(call: Call[object]) -> Kind:
    """The kind of a request."""
    return _KINDS.get(call.name, Kind.OTHER)


class _Stage(Enum):
    WAITING = "waiting"
    ADMITTED = "admitted"
    TOO_LATE = "too late"


class Waiter:
    """A request that waits for its place.

    Args:
        latest: the moment at which it gives up; None is never.
        on_wait: told the seconds yet to wait, where they are noticeable.
    """

    def __init__(self, latest: float | None, on_wait: OnWait | None) -> None:
        self.latest = latest
        self.admitted_at = float("-inf")
        self._on_wait = on_wait
        self._told_at = float("-inf")
        self._stage = _Stage.WAITING
        self._woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_admitted(self) -> bool:
        """Whether its place is counted."""
        return self._stage is _Stage.ADMITTED

    def admit(self, now: float) -> None:
        """Lets it be sent, its place being counted."""
        self._stage, self.admitted_at = _Stage.ADMITTED, now
        self.wake()

    def foresee(self, moment: float, now: float) -> bool:
        """Gives up where it is to be sent too late, else tells when it is; says whether it goes on to wait."""
        if self.latest is not None and moment >= self.latest:
            self._stage = _Stage.TOO_LATE
            self.wake()
            return False
        self._tell(moment - now, now)
        return True

    def wake(self) -> None:
        """Lets it see anew how it stands."""
        if not self._woken.done():
            self._woken.set_result(None)

    async def rest(self, seconds: float | None, clock: Clock) -> None:
        """Sleeps so many seconds, or until it is woken; None is until then."""
        await done_within(seconds, clock, self._woken)
        if self._woken.done():
            self._woken = asyncio.get_running_loop().create_future()

    def is_waiting(self) -> bool:
        """Whether it still has to wait.

        Raises:
            TooLateError: it would be sent only after its `latest`.
        """
        if self._stage is _Stage.TOO_LATE:
            raise TooLateError("the rate limits admit the request only after the run's deadline")
        return self._stage is _Stage.WAITING

    def _tell(self, seconds: float, now: float) -> None:
        is_worth_it = seconds >= NOTICEABLE_SECONDS and now - self._told_at >= OUTLOOK_SECONDS
        if self._on_wait is not None and is_worth_it:
            self._told_at = now
            self._on_wait(seconds)


class Lane:
    """Those who wait with requests of one kind, and the windows that count this kind alone."""

    def __init__(self, windows: Sequence[SlidingWindow]) -> None:
        self._windows = windows
        self._waiting: OrderedDict[Waiter, None] = OrderedDict()
        self._sleeper: Waiter | None = None
        self._outlook_at = float("-inf")

    def __len__(self) -> int:
        return len(self._waiting)

    def free_at(self, now: float, *, ahead: int = 0) -> float:
        """The first moment at which this kind's own limits let another be sent, after so many `ahead` of it."""
        return max((window.free_at(now, ahead=ahead) for window in self._windows), default=now)

    def join(self, waiter: Waiter) -> None:
        """Takes the last place of the lane."""
        self._waiting[waiter] = None
        self._wake_first()

    def leave(self, waiter: Waiter) -> None:
        """Gives the place up, if it still has one."""
        self._waiting.pop(waiter, None)
        self._wake_first()

    def take_first(self) -> Waiter:
        """Takes out who waits longest."""
        first, _ = self._waiting.popitem(last=False)
        self._wake_first()
        return first

    def is_first(self, waiter: Waiter) -> bool:
        """Whether it is the one that sleeps for the lane."""
        return waiter is self._sleeper

    def wake_sleeper(self) -> None:
        """Lets the first see anew when it may be sent."""
        if self._sleeper is not None:
            self._sleeper.wake()

    def look_out(self, free_at: Callable[[int], float], now: float, *, at_once: bool = False) -> None:
        """Tells all who wait how long it will yet be, and lets those give up who will not be sent in time.

        Args:
            free_at: when one may be sent that has so many ahead of it in this lane.
            now: the moment.
            at_once: also where that was done less than `OUTLOOK_SECONDS` ago.
        """
        if not at_once and now - self._outlook_at < OUTLOOK_SECONDS:
            return
        self._outlook_at = now
        ahead = 0
        for waiter in list(self._waiting):
            if waiter.foresee(free_at(ahead), now):
                ahead += 1
            else:
                self.leave(waiter)

    def _wake_first(self) -> None:
        first = next(iter(self._waiting), None)
        if first is not self._sleeper:
            self._sleeper = first
            self.wake_sleeper()
