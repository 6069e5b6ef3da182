"""Answers that are already known, so that nothing is asked twice, and a journal of what was begun."""

from classify_core.cache.choice import CacheLike, cache_of
from classify_core.cache.file import FileCache
from classify_core.cache.memory import MEMORY_ENTRIES, MemoryCache
from classify_core.cache.protocol import Cache, Journal

__all__ = ["MEMORY_ENTRIES", "Cache", "CacheLike", "FileCache", "Journal", "MemoryCache", "cache_of"]
