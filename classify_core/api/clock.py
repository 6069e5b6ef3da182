"""Time and chance as one object, so that whoever tests need not wait for either."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """The real one; tests pass their own."""

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day, for HTTP dates."""
        return datetime.now(UTC)

    def fraction(self) -> float:
        """A random share, 0.0 to 1.0, for jitter."""
        return random.random()  # noqa: S311 - jitter is no secret

    def sleep(self, seconds: float) -> None:
        """Pauses the thread."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Pauses the task."""
        await asyncio.sleep(seconds)
