"""A bounded cache in memory, for the life of a classifier."""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final

from classify_core.cache.age import Age, checked_age
from classify_core.cache.encoding import decoded, encoded
from classify_core.checks import checked_count
from classify_core.classification import Answer

# An answer with five alternatives and a reasoning of 300 characters takes 4.1 KB as an object; here it takes 1.0 KB,
# its key included, and 4 microseconds to be read back. So the documents of a common run are all known, in about
# 10 MB, and a run of any length stays there.
MEMORY_ENTRIES: Final = 10_000
# Reasonings may be long: this is what as many entries take that are one and a half times as large.
MEMORY_BYTES: Final = 16 * 1024 * 1024

# The dictionary's own share of an entry, and the tuple with its time.
_OVERHEAD_BYTES: Final = 250


class MemoryCache:
    """Keeps the answers used last, in memory, for one process.

    All classifiers of a process work on its one background loop, so nothing is locked. A copy, or what another
    process gets, has the same limits and holds nothing yet.

    Args:
        entries: how many answers are kept at most.
        max_bytes: how much memory they may take, approximately.
        max_age: how long an answer is given, in seconds or as a timedelta; None is no limit.

    Raises:
        InvalidOptionError: a limit is none.
    """

    def __init__(
        self,
        entries: int = MEMORY_ENTRIES,
        *,
        max_bytes: int = MEMORY_BYTES,
        max_age: Age | None = None,
        _now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries = checked_count("entries", entries)
        self._max_bytes = checked_count("max_bytes", max_bytes)
        self._max_age = checked_age(max_age)
        self._now = _now
        self._bytes = 0
        self._kept: OrderedDict[str, tuple[bytes, float]] = OrderedDict()

    async def get(self, key: str) -> Answer | None:
        """The answer kept under `key`, if any."""
        kept = self._kept.get(key)
        if kept is None:
            return None
        text, written = kept
        if self._max_age is not None and self._now() - written > self._max_age:
            self._take_out(key)
            return None
        self._kept.move_to_end(key)
        return decoded(text)

    async def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer; those unused longest make room."""
        self._take_out(key)
        text = encoded(answer)
        self._kept[key] = text, self._now()
        self._bytes += _size(key, text)
        while len(self._kept) > self._entries or self._bytes > self._max_bytes:
            self._take_out(next(iter(self._kept)))

    def _take_out(self, key: str) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= _size(key, kept[0])

    def __reduce__(self) -> tuple[Callable[..., MemoryCache], tuple[Any, ...]]:
        return _anew, (self._entries, self._max_bytes, self._max_age, self._now)


def _size(key: str, text: bytes) -> int:
    return sys.getsizeof(key) + sys.getsizeof(text) + _OVERHEAD_BYTES


def _anew(entries: int, max_bytes: int, max_age: float | None, now: Callable[[], float]) -> MemoryCache:
    return MemoryCache(entries, max_bytes=max_bytes, max_age=max_age, _now=now)
