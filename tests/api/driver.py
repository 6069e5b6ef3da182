"""One driver for both faces, so that each promise is held by the sync and by the async client."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from classify_core.api import AsyncClassifyClient, ClassifyClient
from classify_core.api.clock import Clock
from classify_core.models import Rule
from tests.service import ClassifyService

RULES = [
    Rule(type="invoice", description="has an invoice number, line items and a total"),
    Rule(type="letter", description="has a salutation and a signature"),
]
DAWN = datetime(2026, 1, 1, tzinfo=UTC)


class StillClock(Clock):
    """A clock that only moves when somebody pauses; it keeps the pauses and takes no real time."""

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.share = 1.0

    def monotonic(self) -> float:
        return 1000.0 + sum(self.pauses)

    def now(self) -> datetime:
        return DAWN + timedelta(seconds=sum(self.pauses))

    def fraction(self) -> float:
        return self.share

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def asleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)


class Driver:
    """Runs the same test against either face: `api(api.client.jobs.get, job_id)`."""

    def __init__(self, service: ClassifyService, clock: StillClock, face: str) -> None:
        self.service = service
        self.clock = clock
        self.is_async = face == "async"
        self.kind: Callable[..., Any] = AsyncClassifyClient if self.is_async else ClassifyClient
        self._runner = asyncio.Runner()
        self._made: list[Any] = []
        self.client = self.make()

    def make(self, **options: Any) -> Any:
        """A client of this face for the service."""
        given = {"api_key": self.service.api_key, "base_url": self.service.base_url, "_clock": self.clock, **options}
        client = self.kind(**given)
        self._made.append(client)
        return client

    def __call__(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        result = method(*args, **options)
        return self._runner.run(_awaited(result)) if inspect.isawaitable(result) else result

    def listed(self, iterable: Any) -> list[Any]:
        """All that an iterator or an async iterator gives."""
        return self._runner.run(_gathered(iterable)) if hasattr(iterable, "__aiter__") else list(iterable)

    def job(self, text: bytes = b"an invoice", **options: Any) -> Any:
        """A new job for a document of that text."""
        file_id = self.service.add_file("document.txt", text)
        return self(self.client.jobs.create, file_id, **{"rules": RULES, **options})

    def close(self) -> None:
        for client in self._made:
            self(client.aclose if self.is_async else client.close)
        self._runner.close()


async def _awaited(awaitable: Awaitable[Any]) -> Any:
    return await awaitable


async def _gathered(iterable: Any) -> list[Any]:
    return [item async for item in iterable]
