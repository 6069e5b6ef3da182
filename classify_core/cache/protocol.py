"""What a cache of answers and a journal of hosted work can do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from classify_core.classification import Answer


@runtime_checkable
class Cache(Protocol):
    """Keeps successful answers by a key that covers content, rules, parsing and backend."""

    async def get(self, key: str) -> Answer | None:
        """The answer kept under `key`, if any."""

    async def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer."""


@runtime_checkable
class Journal(Protocol):
    """Notes what was begun at the hosted service, so that a run that was killed goes on where it stopped.

    It only spares requests: without a note the service itself finds the job by its transaction ID. So a note may be
    written a moment later, together with others, and one that was lost does no harm.
    """

    async def recall(self, key: str) -> Mapping[str, str] | None:
        """What was noted under `key`, if anything."""

    async def note(self, key: str, values: Mapping[str, str]) -> None:
        """Notes a few short values in place of what stood there; IDs and times, never a text or a secret."""

    async def forget(self, key: str) -> None:
        """Takes a note back that turned out to be wrong."""
