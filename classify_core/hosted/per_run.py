"""What is kept for each run, as long as the run lasts."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Generic, TypeVar

from classify_core.backend import RunContext

T = TypeVar("T")


class PerRun(Generic[T]):
    """Makes one thing for each run, and drops it with the run.

    Args:
        make: is given the run; what it makes must not hold it, or both would never go.
    """

    def __init__(self, make: Callable[[RunContext], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[weakref.ref[RunContext], T]] = {}

    def of(self, run: RunContext) -> T:
        """The run's own."""
        key = id(run)  # a run need not be hashable
        kept = self._made.get(key)
        if kept is None or kept[0]() is not run:
            kept = self._made[key] = (weakref.ref(run, lambda gone: self._drop(key, gone)), self._make(run))
        return kept[1]

    def _drop(self, key: int, gone: weakref.ref[RunContext]) -> None:
        kept = self._made.get(key)
        if kept is not None and kept[0] is gone:
            del self._made[key]
