"""Equal work that is asked for while it is under way is done once, by the one who asked first and without a task."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Generic, Self, TypeVar

from classify_core.errors import ClassifyError

T = TypeVar("T")


class AbandonedError(Exception):
    """Who did the work was cancelled; whoever waits for it does it now. Never leaves this package."""


class Lead(Generic[T]):
    """The right to do a piece of work for all that ask for it meanwhile; a context in which it is done."""

    def __init__(self, relay: Relay[T], key: str) -> None:
        self._relay = relay
        self._key = key
        self.outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()

    def succeed(self, result: T) -> T:
        """Hands the result to all that wait for it, and returns it."""
        self.outcome.set_result(result)
        return result

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._relay.end(self._key)
        if not self.outcome.done():
            self.outcome.set_exception(error if isinstance(error, ClassifyError) else AbandonedError())
            self.outcome.exception()  # nobody may be waiting


class Relay(Generic[T]):
    """Shares work under way by key, on one event loop.

    Unlike a `SingleFlight`, whose work goes on in a task of its own, work is done by who asked first, and begun again
    by somebody else where that one is cancelled: it is for work that finds what was begun, as at a service with jobs.
    """

    def __init__(self) -> None:
        self._leads: dict[str, Lead[T]] = {}

    def under_way(self, key: str) -> asyncio.Future[T] | None:
        """What comes of equal work that somebody does already; it raises AbandonedError where that one gives up."""
        lead = self._leads.get(key)
        return None if lead is None else asyncio.shield(lead.outcome)

    def lead(self, key: str) -> Lead[T]:
        """Takes the lead, where nobody has it."""
        lead = self._leads[key] = Lead(self, key)
        return lead

    def end(self, key: str) -> None:
        """Forgets work that is over."""
        del self._leads[key]
