"""Which cache a `cache=` argument asks for."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from classify_core.cache.file import FileCache
from classify_core.cache.memory import MemoryCache
from classify_core.cache.protocol import Cache
from classify_core.errors import InvalidOptionError

CacheLike: TypeAlias = bool | str | Path | Cache
"""True: in memory; False: within one call only; a path: an SQLite file; or a `Cache`."""


def cache_of(value: CacheLike) -> Cache | None:
    """The cache that a `cache=` argument asks for; None where answers are kept within one call only.

    Raises:
        InvalidOptionError: it is none of these, or a path that cannot be a cache file.
    """
    if value is True:
        return MemoryCache()
    if value is False:
        return None
    if isinstance(value, (str, Path)):
        return FileCache(value)
    if isinstance(value, Cache):
        return value
    raise InvalidOptionError(f"cache={value!r}: give True, False, a path or an object with async get and put")
