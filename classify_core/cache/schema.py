"""What a cache file looks like inside, and how one is told from other files.

A file has two tables of the same shape. Its rows lie in the order in which they were written, so that the oldest are
found without an index.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classify_core.cache.damage import ForeignFileError

APPLICATION_ID: Final = 0x436C6679  # "Clfy"
SCHEMA_VERSION: Final = 1

_HEAD_BYTES: Final = 4096
_MAGIC: Final = b"SQLite format 3\0"
_APPLICATION_ID_AT: Final = slice(68, 72)
_ANSWERS: Final = "CREATE TABLE answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL"
_COLUMNS: Final = "written REAL NOT NULL DEFAULT 0", "checksum INTEGER"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts by key.

    Its columns: the key; the text, named `column`; when it was written, in seconds since 1970; a checksum of
    key and text, None in rows of the version before.
    """

    name: str
    column: str


ANSWERS_TABLE: Final = Table("answers", "answer")
NOTES_TABLE: Final = Table("notes", "note")
TABLES: Final = ANSWERS_TABLE, NOTES_TABLE


def checksum_of(key: bytes, text: bytes) -> int:
    """What tells a damaged row: SQLite notices a broken structure, and no changed letter."""
    return zlib.crc32(text, zlib.crc32(key))


def is_recognised(path: Path) -> bool:
    """Whether a file was surely made here, however damaged it is; an empty one is anybody's."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    has_our_id = head.startswith(_MAGIC) and head[_APPLICATION_ID_AT] == APPLICATION_ID.to_bytes(4, "big")
    # SQLite keeps the statement that made a table on the first page; a text with it, such as this one, has no NUL.
    return has_our_id or (_ANSWERS.encode() in head and b"\0" in head)


def set_up(connection: sqlite3.Connection, now: float) -> None:
    """Makes the tables in an empty file, and brings one of the version before up to date.

    Raises:
        ForeignFileError: it is the database of something else, or of a later version.
        sqlite3.Error: it cannot be read or written.
    """
    if _is_current(connection):
        return
    is_new = not _tables(connection)
    if is_new:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # possible only before the first table
    with transaction(connection):
        if not _is_current(connection):  # another process may just have done it
            _make_tables(connection, now)
    if not is_new:
        with suppress(sqlite3.OperationalError):  # others use it: it is only that the file cannot shrink then
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("VACUUM")


def has_tables(connection: sqlite3.Connection) -> bool:
    """Whether the tables are there, as they are after `set_up` unless somebody took them out."""
    return _tables(connection) == {f"table {table.name}" for table in TABLES}


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that writes; undone where the block fails."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have undone it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _is_current(connection: sqlite3.Connection) -> bool:
    application_id, version = (pragma(connection, name) for name in ("application_id", "user_version"))
    if application_id == APPLICATION_ID and version > SCHEMA_VERSION:
        raise ForeignFileError("it was made by a later version")
    return application_id == APPLICATION_ID


def _make_tables(connection: sqlite3.Connection, now: float) -> None:
    if _tables(connection):
        _refuse_other_tables(connection)
        for column in _COLUMNS:
            connection.execute(f"ALTER TABLE answers ADD COLUMN {column}")
        connection.execute("UPDATE answers SET written = ?", (now,))
    else:
        connection.execute(f"{_ANSWERS}, {', '.join(_COLUMNS)})")
    connection.execute(f"CREATE TABLE notes (key TEXT PRIMARY KEY, note TEXT NOT NULL, {', '.join(_COLUMNS)})")
    connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _refuse_other_tables(connection: sqlite3.Connection) -> None:
    columns = [row[1].decode() for row in connection.execute("PRAGMA table_info(answers)")]
    is_former = _tables(connection) == {"table answers"} and columns == ["key", "answer"]
    if not is_former or pragma(connection, "application_id") != 0:
        raise ForeignFileError("it is another application's database")


def _tables(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute(
        "SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
    )
    return {row[0].decode() for row in found}


def pragma(connection: sqlite3.Connection, name: str) -> int:
    """The number that a pragma tells."""
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
