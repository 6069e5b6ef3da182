"""A cache in an SQLite file, for the next run and for other processes; a journal as well."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from classify_core.background import in_thread
from classify_core.cache.access import FileAccess, Request, Written
from classify_core.cache.age import Age, checked_age
from classify_core.cache.damage import ForeignFileError
from classify_core.cache.encoding import decoded, encoded
from classify_core.cache.request_thread import RequestThread
from classify_core.cache.schema import ANSWERS_TABLE, NOTES_TABLE, Table
from classify_core.cache.store import Change, Key, Limits
from classify_core.checks import checked_count
from classify_core.classification import Answer
from classify_core.errors import InvalidOptionError

# About a million answers, at 0.9 KB each. They were paid for, so the limit is there for a disk's sake, not to be met.
FILE_BYTES: Final = 1024 * 1024 * 1024
# An empty file has six pages of 4 KiB; with fewer than 16, hardly an answer would stay.
_FEWEST_BYTES: Final = 64 * 1024
# A note helps for the two days that the service keeps a file; beyond, it shows which transaction is which job.
NOTES_SECONDS: Final = 30 * 24 * 3600.0


class FileCache:
    """Keeps answers in an SQLite file, for the next run and for other processes; notes of hosted work too.

    The file holds types, confidences and reasonings (which may quote a document), never documents or API keys; a new
    one can be read by its owner only. Any number of threads and processes share it, also forked ones and those that
    it is pickled for. What was put is on disk when `put` returns. A file that is damaged is moved to
    `<name>.damaged` and begun anew; one that cannot be used for a while is done without.

    Nothing has to be closed: the file is let go of a second after it was used last.

    Args:
        path: the file; made, with its folders, where there is none.
        max_age: how long an answer is given after it was put, in seconds or as a timedelta; None is no limit.
        max_bytes: how large the file becomes; the answers put first make room. Its log, beside it, takes up to 4 MiB
            more for a while. None is no limit.

    Raises:
        InvalidOptionError: the path cannot be a cache file, or is something else's; or a limit is none.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_age: Age | None = None,
        max_bytes: int | None = FILE_BYTES,
        _now: Callable[[], float] = time.time,
    ) -> None:
        self.path = Path(path)
        self._max_age = checked_age(max_age)
        self._max_bytes = None if max_bytes is None else checked_count("max_bytes", max_bytes, minimum=_FEWEST_BYTES)
        self._now = _now
        self._set_up()
        try:
            self._thread.at_once(self._access.check)
        except (OSError, sqlite3.Error, ForeignFileError) as error:
            raise InvalidOptionError(
                f"cache={str(path)!r} cannot be used as a cache file: {error}; give a path of its own"
            ) from error

    async def get(self, key: str) -> Answer | None:
        """The answer kept under `key`, if any; one that another version wrote otherwise counts as none."""
        text = await self._read(ANSWERS_TABLE, key)
        return None if text is None else decoded(text)

    async def put(self, key: str, answer: Answer) -> None:
        """Keeps an answer, in place of the one that was there."""
        await self._thread.ask(self._change(ANSWERS_TABLE, key, encoded(answer)))

    async def recall(self, key: str) -> Mapping[str, str] | None:
        """What was noted under `key` in the last 30 days, if anything."""
        text = await self._read(NOTES_TABLE, key)
        return None if text is None else _note_of(text)

    async def note(self, key: str, values: Mapping[str, str]) -> None:
        """Notes a few short values in place of what stood there; on disk a moment later."""
        self._thread.tell(self._change(NOTES_TABLE, key, json.dumps(dict(values)).encode()))

    async def forget(self, key: str) -> None:
        """Takes a note back; on disk a moment later."""
        self._thread.tell(self._change(NOTES_TABLE, key, None))

    def close(self) -> None:
        """Writes what is left, lets go of the file and ends the thread; another use opens it again."""
        self._thread.close()

    async def aclose(self) -> None:
        """The same for an event loop."""
        await in_thread(self.close)

    async def _read(self, table: Table, key: str) -> bytes | None:
        return await self._thread.ask(Key(table, key))

    def _change(self, table: Table, key: str, text: bytes | None) -> Written:
        key.encode()  # one that SQLite cannot hold is the caller's error, here and not in the thread
        return Written(Key(table, key), Change(text, self._now()))

    def _set_up(self) -> None:
        limits = Limits({ANSWERS_TABLE: self._max_age, NOTES_TABLE: NOTES_SECONDS}, self._max_bytes)
        # Resolved, so that a link or another working directory does not make two files' names of one.
        self._real_path = Path(os.path.realpath(self.path))
        self._access = FileAccess(self._real_path, limits, self._now)
        self._thread: RequestThread[Request, bytes] = RequestThread(self._access)

    def __getstate__(self) -> dict[str, Any]:
        return {
            "path": self._real_path,
            "_max_age": self._max_age,
            "_max_bytes": self._max_bytes,
            "_now": self._now,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Not looked at here: in a pool, an error would lose the task without a word.
        self.__dict__.update(state)
        self._set_up()

    def __repr__(self) -> str:
        return f"FileCache({str(self.path)!r})"


def _note_of(text: bytes) -> dict[str, str] | None:
    """The values that `text` holds; None where it holds none, such as those of another version."""
    try:
        values = json.loads(text)
    except ValueError:
        return None
    is_note = isinstance(values, dict) and all(isinstance(value, str) for value in values.values())
    return values if is_note else None
