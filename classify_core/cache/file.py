"""Answers that are already known, so that nothing is asked twice."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import OrderedDict
from contextlib import closing
from pathlib import Path
from typing import Final, TypeAlias

from classify_core.cache.protocol import Cache
from classify_core.classification import Answer
from classify_core.errors import InvalidOptionError

logger = logging.getLogger(__name__)

MEMORY_ENTRIES: Final = 10_000
_BUSY_SECONDS: Final = 10.0


CacheLike: TypeAlias = bool | str | Path | Cache
"""True: in memory; False: within one call only; a path: an SQLite file; or a `Cache`."""


class MemoryCache:
    """Keeps the answers used last, in memory."""

    def __init__(self, entries: int = MEMORY_ENTRIES) -> None:
        self._entries = entries
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    async def get(self, key: str) -> Answer | None:
        """The answer kept under `key`, if any."""
        if key in self._answers:
            self._answers.move_to_end(key)
        return self._answers.get(key)

    async def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer; the one unused longest makes room."""
        self._answers[key] = answer
        self._answers.move_to_end(key)
        if len(self._answers) > self._entries:
            self._answers.popitem(last=False)


class FileCache:
    """Keeps answers in an SQLite file, for the next run and for other processes.

    The file holds types, confidences and reasonings (which may quote a document), never documents or keys. It is
    opened for each use, so that threads and forked processes share it without sharing a connection.

    Raises:
        InvalidOptionError: the file cannot be opened or is something else.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._execute("PRAGMA journal_mode=WAL")
            self._execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise InvalidOptionError(f"cache={str(path)!r} cannot be used as a cache file: {error}") from error

    async def get(self, key: str) -> Answer | None:
        """The answer kept under `key`, if any; one that an older version wrote otherwise counts as none."""
        row = await self._try("SELECT answer FROM answers WHERE key = ?", key)
        try:
            return None if row is None else Answer.model_validate_json(row)
        except ValueError:
            return None

    async def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer."""
        await self._try("INSERT OR REPLACE INTO answers VALUES (?, ?)", key, answer.model_dump_json())

    async def _try(self, statement: str, *values: str) -> str | None:
        try:
            return await asyncio.to_thread(self._execute, statement, *values)
        except sqlite3.Error as error:  # a full disk or a lock must not lose an answer that was paid for
            logger.warning("the cache file %s could not be used: %s", self.path, error)
            return None

    def _execute(self, statement: str, *values: str) -> str | None:
        with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
            row = connection.execute(statement, values).fetchone()
        return None if row is None else str(row[0])


def cache_of(value: CacheLike) -> Cache | None:
    """The cache that a `cache=` argument asks for; None where answers are kept within one call only."""
    if value is True:
        return MemoryCache()
    if value is False:
        return None
    if isinstance(value, (str, Path)):
        return FileCache(value)
    if isinstance(value, Cache):
        return value
    raise InvalidOptionError(f"cache={value!r}: give True, False, a path or an object with async get and put")
