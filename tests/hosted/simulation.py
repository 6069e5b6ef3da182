"""What the tests of pacing share: tasks on a clock that takes no time, and a count that is plainly right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from classify_core import RateLimits
from classify_core.api.call import Call
from classify_core.hosted.pacer import Pacer
from tests.clocks import VirtualClock


class Simulation:
    """Tasks that are admitted by a pacer on a clock that takes no time."""

    def __init__(self, limits: RateLimits) -> None:
        self.clock = VirtualClock()
        self.pacer = Pacer(limits, self.clock)
        self.sent: list[tuple[str, float]] = []

    def run(self, program: Callable[[], Awaitable[Any]]) -> Any:
        return self.clock.run(program())  # type: ignore[arg-type]  # all programs here are coroutines

    async def send(self, call: Call[Any], name: str = "", **options: Any) -> None:
        await self.pacer.admit(call, **options)
        self.sent.append((name, self.clock.time))

    def begin(self, call: Call[Any], name: str = "", **options: Any) -> asyncio.Task[None]:
        return asyncio.ensure_future(self.send(call, name, **options))

    def moments(self) -> list[float]:
        return [moment for _, moment in self.sent]


def most_in(moments: list[float], seconds: float) -> int:
    return max(sum(begin <= moment < begin + seconds for moment in moments) for begin in moments)
