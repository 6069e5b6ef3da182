"""Time that passes only while somebody sleeps, so that no test waits."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from classify_core.api.clock import Clock

T = TypeVar("T")


class QuickClock(Clock):
    """Sleeping takes no time and moves the clock; `.pauses` keeps how long each sleep was to be, in seconds."""

    def __init__(self) -> None:
        self.time = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    async def asleep(self, seconds: float) -> None:
        self.sleep(seconds)


class VirtualClock(Clock):
    """Time for many tasks at once: `run` gives them an event loop on which time passes only while all of them wait.

    `asyncio.sleep`, time-outs and `asleep` of that loop end in their order and take no time; sockets and threads have
    no place in it. A program that waits for nothing that could come ends in a TimeoutError instead of hanging.
    """

    def __init__(self) -> None:
        self.time = 0.0
        self.seed = random.Random(0)

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def fraction(self) -> float:
        return self.seed.random()

    def sleep(self, seconds: float) -> None:
        self.time += seconds

    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Runs a program on a loop of this clock and returns what it returns."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(main)


class _VirtualSelector(selectors.SelectSelector):
    """Lets the clock go on instead of waiting."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise TimeoutError("every task waits for something that nobody will ever do")
        if not ready:
            self._clock.time += max(0.0, timeout or 0.0)
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the clock's."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(_VirtualSelector(clock))
        self._virtual = clock

    def time(self) -> float:
        return self._virtual.time
