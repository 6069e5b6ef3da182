"""One connection to a cache file: reads and writes many texts at a time, and keeps the file within its limits."""

from __future__ import annotations

import errno
import json
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Never

from classify_core.cache.damage import (
    DamagedFileError,
    ForeignFileError,
    Identity,
    folder_lock,
    identity_of,
    is_damage,
)
from classify_core.cache.schema import (
    TABLES,
    Table,
    checksum_of,
    has_tables,
    is_recognised,
    pragma,
    set_up,
    transaction,
)

# Other processes hold the file for milliseconds; one that holds it longer shall not hold everything up.
BUSY_SECONDS: Final = 2.0
# Between two looks at the limits; the file may be larger than its limit by what they write.
_CHANGES_BETWEEN_TRIMS: Final = 64
# Beyond its limit a file is brought down to this share of it, so that the next change finds room.
_TRIMMED_SHARE: Final = 0.9
# Bounds how long a reader may wait for the trimming; what is over the limit then goes with the next changes.
_STEPS_A_TRIM: Final = 16
_MOST_ROWS_A_STEP: Final = 1_000
_FEWEST_ROWS_A_STEP: Final = 16
# More than most rows take, so that a step takes rather too little than too much.
_BYTES_A_ROW: Final = 2_048
_MOST_PAGES_GIVEN_BACK: Final = 1_000
_LOG_BYTES: Final = 4 * 1024 * 1024


class Key(NamedTuple):
    """Where a text is: a table, and the text's name in it."""

    table: Table
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """A text that takes the place of the one that was there; None takes it out."""

    text: bytes | None
    written: float


@dataclass(frozen=True, slots=True)
class Limits:
    """How old a table's rows may become, in seconds, and how large the file, in bytes; None is no limit."""

    ages: Mapping[Table, float | None]
    max_bytes: int | None

    def oldest(self, table: Table, now: float) -> float:
        """When the oldest valid row of a table was written."""
        age = self.ages[table]
        return -math.inf if age is None else now - age


class _Size(NamedTuple):
    page_bytes: int
    pages: int
    free_pages: int

    @property
    def file_bytes(self) -> int:
        return self.pages * self.page_bytes

    @property
    def used_bytes(self) -> int:
        return (self.pages - self.free_pages) * self.page_bytes


class Store:
    """A cache file that is open.

    Args:
        path: the file; made, readable by its owner only, where there is none.
        limits: what it is kept within.
        known: the file that was ours when it was last open: whatever it holds now, it is still ours.
        now: seconds since 1970.

    Raises:
        DamagedFileError: it is ours, and damaged.
        ForeignFileError: it is something else.
        OSError: it cannot be made.
        sqlite3.Error: it cannot be used now.
    """

    def __init__(self, path: Path, limits: Limits, *, known: Identity | None, now: float) -> None:
        self._limits = limits
        self._untrimmed = _CHANGES_BETWEEN_TRIMS
        with folder_lock(path.parent):
            self.identity = _found_or_made(path)
            self._connection = sqlite3.connect(
                path,
                timeout=BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,  # used by one thread at a time, and closed by the one that forks
            )
            try:
                with self._damage_told():
                    self._set_up(now)
            except DamagedFileError as error:
                self.close()
                if self.identity != known and not is_recognised(path):
                    raise ForeignFileError(str(error)) from error
                raise
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        """Closes the connection; the last one writes the log back into the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def read(self, keys: Iterable[Key], now: float) -> dict[Key, bytes]:
        """The texts that are there and not too old.

        Raises:
            DamagedFileError: a text is not the one that was written.
        """
        found: dict[Key, bytes] = {}
        with self._damage_told():
            for table, names in _by_table(keys):
                rows = self._connection.execute(
                    f"SELECT key, {table.column}, checksum FROM {table.name} "  # noqa: S608 - names of our own tables
                    "WHERE key IN (SELECT value FROM json_each(?)) AND written >= ?",
                    (json.dumps(names), self._limits.oldest(table, now)),
                ).fetchall()  # all of them: a statement that is left open keeps the file open
                found.update((Key(table, name), text) for name, text in self._checked(rows))
        return found

    def write(self, changes: Mapping[Key, Change]) -> None:
        """Makes all the changes in one transaction.

        Raises:
            DamagedFileError: the file is damaged where they belong.
        """
        with self._damage_told(), transaction(self._connection):
            for table, names in _by_table(changes):
                self._put(table, {name: changes[Key(table, name)] for name in names})
        self._untrimmed += len(changes)

    def trim(self, now: float) -> None:
        """Takes out what is too old, and the oldest where the file is too large; most calls have nothing to do."""
        if self._untrimmed < _CHANGES_BETWEEN_TRIMS:
            return
        self._untrimmed = 0
        with self._damage_told():
            for table in TABLES:
                self._trim_age(table, self._limits.oldest(table, now))
            if self._limits.max_bytes is not None:
                self._trim_size(self._limits.max_bytes)

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if is_damage(error):
                raise DamagedFileError(str(error), self.identity) from error
            raise

    def _checked(self, rows: Iterable[tuple[Any, Any, Any]]) -> Iterator[tuple[str, bytes]]:
        for key, text, checksum in rows:
            if not _is_as_written(key, text, checksum):
                raise DamagedFileError("a row is not what was written", self.identity)
            yield key.decode(), text

    def _set_up(self, now: float) -> None:
        self._connection.text_factory = bytes  # what is damaged may be no UTF-8
        set_up(self._connection, now)
        if not has_tables(self._connection):
            raise DamagedFileError("its tables are gone", self.identity)
        if self._connection.execute("PRAGMA journal_mode").fetchone()[0] != b"wal":
            self._connection.execute("PRAGMA journal_mode=WAL").fetchall()
        # What is committed survives the end of this process; only a power cut may take the last moments with it.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")

    def _put(self, table: Table, changes: Mapping[str, Change]) -> None:
        """Takes the rows out and puts them in again at the end.

        In one statement each, as the values of a JSON text: between two statements, and between two rows, other
        threads of the process have their turn, which takes longer than the writing.
        """
        self._connection.execute(
            f"DELETE FROM {table.name} WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608 - as above
            (json.dumps(list(changes)),),
        )
        rows = [
            (name, change.text.decode(), change.written, checksum_of(name.encode(), change.text))
            for name, change in changes.items()
            if change.text is not None
        ]
        self._connection.execute(
            f"INSERT INTO {table.name} (key, {table.column}, written, checksum) "  # noqa: S608 - as above
            "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]'), "
            "json_extract(value, '$[3]') FROM json_each(?)",
            (json.dumps(rows),),
        )

    def _trim_age(self, table: Table, oldest: float) -> None:
        for _ in range(_STEPS_A_TRIM):
            written = self._oldest_written(table)
            if written is None or written >= oldest:
                return
            self._take_oldest(table, _MOST_ROWS_A_STEP, before=oldest)

    def _trim_size(self, max_bytes: int) -> None:
        if self._size().used_bytes > max_bytes:
            target = int(max_bytes * _TRIMMED_SHARE)
            for _ in range(_STEPS_A_TRIM):
                excess = self._size().used_bytes - target
                table = self._oldest_table()
                if excess <= 0 or table is None:
                    break
                self._take_oldest(table, min(_MOST_ROWS_A_STEP, max(_FEWEST_ROWS_A_STEP, excess // _BYTES_A_ROW)))
        self._give_back(max_bytes)

    def _give_back(self, max_bytes: int) -> None:
        """Shrinks a file that is too large; free pages within the limit are used again, which is cheaper."""
        size = self._size()
        pages = min(size.free_pages, -(-(size.file_bytes - max_bytes) // size.page_bytes), _MOST_PAGES_GIVEN_BACK)
        if pages > 0:
            # `execute` would stop after the first page.
            self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")

    def _take_oldest(self, table: Table, rows: int, *, before: float = math.inf) -> None:
        self._connection.execute(
            f"DELETE FROM {table.name} WHERE written < ? AND rowid IN "  # noqa: S608 - as above
            f"(SELECT rowid FROM {table.name} ORDER BY rowid LIMIT ?)",
            (before, rows),
        )

    def _oldest_table(self) -> Table | None:
        ages = [(written, table) for table in TABLES if (written := self._oldest_written(table)) is not None]
        return min(ages, key=lambda age: age[0])[1] if ages else None

    def _oldest_written(self, table: Table) -> float | None:
        select = f"SELECT written FROM {table.name} ORDER BY rowid LIMIT 1"  # noqa: S608 - as above
        row = self._connection.execute(select).fetchone()
        if row is not None and not isinstance(row[0], float):
            raise DamagedFileError("a row has no time", self.identity)
        return None if row is None else row[0]

    def _size(self) -> _Size:
        return _Size(*(pragma(self._connection, name) for name in ("page_size", "page_count", "freelist_count")))


def _is_as_written(key: Any, text: Any, checksum: Any) -> bool:
    """Whether a row holds what was put; a damaged one may hold values of any type."""
    if not isinstance(key, bytes) or not isinstance(text, bytes):
        return False
    return checksum is None or checksum == checksum_of(key, text)


def _found_or_made(path: Path) -> Identity:
    """The file; never opened here where it exists, as closing it again would give up SQLite's locks on it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # answers may quote what is confidential
    if not path.is_file():
        raise ForeignFileError("it is no regular file")
    return identity_of(path) or _gone(path)


def _gone(path: Path) -> Never:
    raise FileNotFoundError(errno.ENOENT, "it was deleted at this moment", str(path))


def _by_table(keys: Iterable[Key]) -> Iterator[tuple[Table, list[str]]]:
    """The keys of each table that has any."""
    all_keys = list(keys)
    for table in TABLES:
        names = [name for of, name in all_keys if of is table]
        if names:
            yield table, names
