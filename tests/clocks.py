"""Time that passes only while somebody sleeps, so that no test waits."""

from __future__ import annotations

from classify_core.api.clock import Clock


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
