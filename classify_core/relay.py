"""Equal work that is asked for while it is under way is done once, by the one who asked first and without a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

from classify_core.errors import ClassifyError
from classify_core.run_state import without_stack

T = TypeVar("T")


class AbandonedError(Exception):
    """Who did the work gave it up; whoever waits for it does it now. Never leaves this package.

    Attributes:
        error: why, where that is the end of the time of who did it.
    """

    def __init__(self, error: ClassifyError | None = None) -> None:
        super().__init__()
        self.error = error


class Lead(Generic[T]):
    """The right to do a piece of work for all that ask for it meanwhile; a context in which it is done."""

    def __init__(self, relay: Relay[T], key: str, is_own: Callable[[ClassifyError], bool]) -> None:
        self._relay = relay
        self._key = key
        self._is_own = is_own
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
            self.outcome.set_exception(self._shared(error))
            self.outcome.exception()  # nobody may be waiting

    def _shared(self, error: BaseException | None) -> ClassifyError | AbandonedError:
        if not isinstance(error, ClassifyError) or self._is_own(error):
            return AbandonedError()
        return without_stack(error)  # itself, it holds frames that hold this object: a ring, with the document in it


class Relay(Generic[T]):
    """Shares work under way by key, on one event loop.

    Unlike a `SingleFlight`, whose work goes on in a task of its own, work is done by who asked first, and begun again
    by somebody else where that one gives it up: it is for work that finds what was begun, as at a service with jobs.
    """

    def __init__(self) -> None:
        self._leads: dict[str, Lead[T]] = {}

    def under_way(self, key: str) -> asyncio.Future[T] | None:
        """What comes of equal work that somebody does already; it raises AbandonedError where that one gives up."""
        lead = self._leads.get(key)
        return None if lead is None else asyncio.shield(lead.outcome)

    def lead(self, key: str, *, is_own: Callable[[ClassifyError], bool]) -> Lead[T]:
        """Takes the lead, where nobody has it.

        Args:
            key: of the work.
            is_own: whether an error would not meet whoever waits.
        """
        lead = self._leads[key] = Lead(self, key, is_own)
        return lead

    def end(self, key: str) -> None:
        """Forgets work that is over."""
        del self._leads[key]
