"""Open jobs as the plan allows: a place for each, given in the order in which they were asked for."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from classify_core.api.clock import Clock
from classify_core.api.flow import TooLateError
from classify_core.hosted.alarms import done_within


class Places:
    """At most `limit` things open at once; used on one event loop.

    Args:
        limit: how many; None is no limit.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._taken = 0
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    @property
    def limit(self) -> int | None:
        """How many may be open at once; None is no limit."""
        return self._limit

    async def acquire(self, latest: float | None, clock: Clock) -> float:
        """Waits for a place, takes it, and returns the seconds it waited.

        Args:
            latest: the reading of the clock's `monotonic()` until which it waits; None is for ever.
            clock: whose `monotonic()`.

        Raises:
            TooLateError: there was no place until then.
        """
        if self._limit is None:
            return 0.0
        if self._taken < self._limit:  # then nobody waits: a release goes to whoever waits first
            self._taken += 1
            return 0.0
        begin = clock.monotonic()
        await self._given(latest, clock)
        return clock.monotonic() - begin

    def release(self) -> None:
        """Gives a place back, to whoever has waited longest.

        Raises:
            ValueError: more places were given back than taken.
        """
        if self._limit is None:
            return
        if self._taken == 0:
            raise ValueError("a place was given back that nobody had")
        if self._waiting:
            place, _ = self._waiting.popitem(last=False)
            place.set_result(None)
        else:
            self._taken -= 1

    async def _given(self, latest: float | None, clock: Clock) -> None:
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[place] = None
        left = None if latest is None else latest - clock.monotonic()
        try:
            is_given = await done_within(left, clock, place)
        except BaseException:
            self._give_up(place)
            raise
        if not is_given:
            self._give_up(place)
            raise TooLateError("no place was free before the run's deadline")

    def _give_up(self, place: asyncio.Future[None]) -> None:
        self._waiting.pop(place, None)
        if place.done():  # given in the very moment: it belongs to the next one
            self.release()
