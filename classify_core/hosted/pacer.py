"""Says when a request may be sent, so that each published limit is kept and none has to be refused."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

from classify_core.api.call import Call
from classify_core.api.clock import Clock
from classify_core.hosted.lanes import Kind, Lane, OnWait, Waiter, kind_of
from classify_core.hosted.throttle import Throttle
from classify_core.limits import RateLimits
from classify_core.sliding_window import SlidingWindow

# The service counts arrivals, and requests do not take equally long to arrive.
MARGIN_SECONDS: Final = 0.05

LONGEST_WAY_SECONDS: Final = 0.3
"""How long a request can be on its way, a new connection included; what takes longer is long in the making."""


class Admission(NamedTuple):
    """That a request may be sent.

    Attributes:
        moment: when; the windows count it from then.
        waited: the seconds it waited for that.
    """

    moment: float
    waited: float


class Pacer:
    """Delays requests so that each published limit is kept; used on one event loop at a time."""

    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forgets what was sent, what was refused and who waits, as a forked child has to: they are its parent's."""
        limits = self._limits
        self._throttle = Throttle()
        self._every_request = _windows(limits.requests_per_minute, 60.0)
        self._own: dict[Kind, list[SlidingWindow]] = {
            Kind.LOOK: [],
            Kind.OTHER: [],
            Kind.CREATE: _windows(limits.creates_per_second, 1.0),
            Kind.UPLOAD: _windows(limits.uploads_per_5_seconds, 5.0),
        }
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, list[Lane]] = WeakKeyDictionary()

    async def admit(self, call: Call[Any], *, latest: float | None = None, on_wait: OnWait | None = None) -> Admission:
        """Waits until the request may be sent, and counts it.

        A place is taken only by a request that is sent: one that gives up or is cancelled leaves none behind.

        Args:
            call: the request.
            latest: the moment, of the clock's `monotonic()`, after which it need not be sent; None is never.
            on_wait: told the seconds to wait where they are noticeable, at most once a second.

        Raises:
            TooLateError: it would be sent only after `latest`; raised as soon as that is known.
        """
        kind, begin = kind_of(call), self._clock.monotonic()
        waiter = Waiter(latest, on_wait)
        lanes = self._lanes_here()
        lanes[kind].join(waiter)
        try:
            self._serve(lanes, begin)
            if waiter.is_waiting():
                await self._wait(lanes, kind, waiter)
        except BaseException:
            if waiter.is_admitted:  # cancelled in the very moment
                self._give_back(lanes, kind, waiter.admitted_at)
            raise
        finally:
            lanes[kind].leave(waiter)
        now = self._clock.monotonic()
        self._move(kind, waiter.admitted_at, now)  # it may have been admitted before it could wake
        return Admission(now, now - begin)

    def answered(self, call: Call[Any], sent: float) -> None:
        """Takes note that a request has surely arrived; the first ones, over new connections, take longest.

        Args:
            call: the request.
            sent: the moment of its admission.
        """
        arrived = min(self._clock.monotonic(), sent + LONGEST_WAY_SECONDS)
        self._move(kind_of(call), sent, arrived - MARGIN_SECONDS)

    def accepted(self, sent: float) -> None:
        """Takes note that a request that was sent at a moment was not refused for its rate."""
        self._throttle.accept(sent)

    def refused(self, sent: float, retry_after: float | None = None) -> None:
        """Slows everybody down, because a request that was sent at a moment was refused for its rate."""
        now = self._clock.monotonic()
        self._throttle.refuse(sent, now, retry_after=retry_after)
        lanes = self._lanes_here()
        for kind in Kind:
            lanes[kind].look_out(self._outlook(lanes, kind, now), now, at_once=True)

    def _lanes_here(self) -> list[Lane]:
        """The lanes of the running loop: nobody can be woken from another one."""
        loop = asyncio.get_running_loop()
        lanes = self._lanes.get(loop)
        if lanes is None:
            lanes = self._lanes[loop] = [Lane(self._own[kind]) for kind in Kind]
        return lanes

    async def _wait(self, lanes: list[Lane], kind: Kind, waiter: Waiter) -> None:
        lane, now = lanes[kind], self._clock.monotonic()
        waiter.foresee(self._outlook(lanes, kind, now)(len(lane) - 1), now)
        while waiter.is_waiting():
            if lane.is_first(waiter):
                await self._sleep_for_lane(lanes, kind, waiter)
            else:
                await waiter.rest(None, self._clock)

    async def _sleep_for_lane(self, lanes: list[Lane], kind: Kind, waiter: Waiter) -> None:
        now = self._clock.monotonic()
        moment = self._free_at(lanes[kind], now)
        lanes[kind].look_out(self._outlook(lanes, kind, now), now)
        if waiter.foresee(moment, now):
            await waiter.rest(moment - now, self._clock)
            self._serve(lanes, self._clock.monotonic())

    def _serve(self, lanes: list[Lane], now: float) -> None:
        """Admits all that may be sent now, the most urgent first."""
        for kind in Kind:
            while lanes[kind] and self._free_at(lanes[kind], now) <= now:
                first = lanes[kind].take_first()
                if first.foresee(now, now):
                    self._count(kind, now)
                    first.admit(now)

    def _free_at(self, lane: Lane, now: float, *, ahead: int = 0, urgent: int = 0) -> float:
        """When another of a lane may be sent, after so many `ahead` in its lane and in the more urgent ones."""
        shared = (window.free_at(now, ahead=ahead + urgent) for window in self._every_request)
        return max(self._throttle.free_at(now), lane.free_at(now, ahead=ahead), *shared)

    def _outlook(self, lanes: list[Lane], kind: Kind, now: float) -> Callable[[int], float]:
        """When one is likely sent that has so many ahead of it in its lane, if no more come and none give up."""
        urgent = sum(map(len, lanes[:kind]))
        return lambda ahead: self._free_at(lanes[kind], now, ahead=ahead, urgent=urgent)

    def _windows_of(self, kind: Kind) -> list[SlidingWindow]:
        return self._own[kind] + self._every_request

    def _count(self, kind: Kind, now: float) -> None:
        self._throttle.count(now)
        for window in self._windows_of(kind):
            window.count(now)

    def _move(self, kind: Kind, counted: float, moment: float) -> None:
        if moment > counted:
            for window in self._windows_of(kind):
                window.move(counted, moment)

    def _give_back(self, lanes: list[Lane], kind: Kind, counted: float) -> None:
        for window in self._windows_of(kind):
            window.forget(counted)
        for lane in lanes:
            lane.wake_sleeper()


_lock = threading.Lock()
_pacers: WeakValueDictionary[tuple[object, ...], Pacer] = WeakValueDictionary()


def shared_pacer(account: str, limits: RateLimits, clock: Clock) -> Pacer:
    """The one pacer of an account in this process: the service counts all of its requests together."""
    rates = limits.model_copy(update={"concurrent_jobs": None})  # those are counted elsewhere
    key = (account, rates, clock if type(clock) is not Clock else None)
    with _lock:
        pacer = _pacers.get(key)
        if pacer is None:
            pacer = _pacers[key] = Pacer(rates, clock)
        return pacer


def _begin_anew_in_child() -> None:
    """Whoever waited does so in the parent, and a thread of it may have held the lock."""
    global _lock  # noqa: PLW0603 - a lock cannot be freed by who does not hold it, only replaced
    _lock = threading.Lock()
    for pacer in list(_pacers.values()):
        pacer.begin_anew()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_begin_anew_in_child)


def _windows(limit: int | None, seconds: float) -> list[SlidingWindow]:
    return [] if limit is None else [SlidingWindow(limit, seconds + MARGIN_SECONDS)]
