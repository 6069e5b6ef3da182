"""Sleeping until a moment, or until somebody has a reason to wake."""

from __future__ import annotations

import asyncio
import math

from classify_core.api.clock import Clock


class Alarm:
    """Wakes one sleeper of an event loop.

    Attributes:
        moment: until when it sleeps; a reading of the clock, infinite where only a reason wakes it.
    """

    def __init__(self, clock: Clock) -> None:
        self.moment = -math.inf
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wakes the sleeper, or keeps it from falling asleep."""
        self._rung.set()

    async def sleep_until(self, moment: float) -> None:
        """Sleeps until the moment or the next ring since the last sleep."""
        self.moment = moment
        timer = (
            asyncio.ensure_future(self._clock.asleep(max(0.0, moment - self._clock.monotonic())))
            if moment < math.inf
            else None
        )
        if timer is not None:
            timer.add_done_callback(self._timed)
        try:
            await self._rung.wait()
        finally:
            self._rung.clear()
            if timer is not None:
                timer.cancel()

    def _timed(self, timer: asyncio.Future[None]) -> None:
        if not timer.cancelled():  # else it is an earlier sleep's
            self.ring()
