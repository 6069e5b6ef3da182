"""Equal work that is asked for while it is under way is done once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    waiters: int = 0


class SingleFlight(Generic[T]):
    """Shares the outcome of equal work, an error too, among all that wait for it; used on one event loop.

    The work is cancelled only when nobody waits for it any more.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[T]] = {}

    async def do(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Joins the work under way for `key`, or begins it."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._begin(key, work)
        flight.waiters += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.waiters -= 1
            if flight.waiters == 0 and not flight.task.done():
                self._end(key, flight)  # who comes next begins anew instead of joining what is being cancelled
                flight.task.cancel()
            del flight  # an error holds this frame, and the flight holds the error: a ring, with all that they hold

    def _begin(self, key: str, work: Callable[[], Coroutine[Any, Any, T]]) -> _Flight[T]:
        flight = self._flights[key] = _Flight(asyncio.create_task(work()))
        flight.task.add_done_callback(lambda _: self._end(key, flight))
        return flight

    def _end(self, key: str, flight: _Flight[T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
