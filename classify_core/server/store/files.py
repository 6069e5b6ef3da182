"""Uploaded files: what is known of each. Their bytes are in the file folder."""

from __future__ import annotations

import re
import secrets
import sqlite3
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Final

from classify_core.server.problems import ProblemError, not_found
from classify_core.server.store.listing import NEWEST_FIRST, Listing, SortColumn, json_object, page_of
from classify_core.server.store.moments import now, stored
from classify_core.server.store.paging import PageRequest, StoredPage
from classify_core.source import format_of

LIFETIME: Final = timedelta(hours=48)
"""How long the service keeps a file (contract README, "Files and saved rule sets")."""

_PREFIX: Final = "dfl-"
_SIGNING_KEY: Final = "download addresses"
_IDENTIFIER: Final = re.compile(rf"(?:{_PREFIX})?([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})", re.IGNORECASE)

# What a file is sorted by, by the names that clients use. A file is never modified after it was uploaded.
_SORT_COLUMNS: Final = {
    "name": "name",
    "id": "id",
    "created_at": "created_at",
    "last_modified_at": "created_at",
    "expires_at": "expires_at",
}
_DIRECTIONS: Final = {"asc": False, "desc": True}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a project.

    Attributes:
        id: a bare UUID.
        name: as the client gave it; never part of a path.
        file_type: the name's ending, lower-case, without the dot; None where it has none.
        size: in bytes.
        digest: SHA-256 of the bytes, in hexadecimal.
    """

    id: str
    project_id: str
    name: str
    external_file_id: str | None
    purpose: str | None
    file_type: str | None
    size: int
    digest: str
    created_at: str
    expires_at: str


_ITEM: Final = json_object({field.name: field.name for field in fields(StoredFile)})


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Which files are listed; None is no condition. `file_ids` are in either spelling."""

    project_id: str
    file_ids: tuple[str, ...] | None = None
    name: str | None = None
    external_file_id: str | None = None


def prefixed(file_id: str) -> str:
    """The spelling of a file's ID that the beta routes answer."""
    return _PREFIX + file_id


def bare(identifier: str) -> str | None:
    """The UUID in either spelling of a file's ID; None where it is no file's ID."""
    match = _IDENTIFIER.fullmatch(identifier)
    return None if match is None else match[1].lower()


def add(
    connection: sqlite3.Connection,
    project_id: str,
    file_id: str,
    *,
    name: str,
    size: int,
    digest: str,
    purpose: str | None = None,
    external_file_id: str | None = None,
) -> StoredFile:
    """Makes a file known whose bytes are kept already; it expires after `LIFETIME`."""
    moment = datetime.now(UTC)
    file = StoredFile(
        id=file_id,
        project_id=project_id,
        name=name,
        external_file_id=external_file_id,
        purpose=purpose,
        file_type=format_of(name) or None,
        size=size,
        digest=digest,
        created_at=stored(moment),
        expires_at=stored(moment + LIFETIME),
    )
    connection.execute(
        "INSERT INTO files (id, project_id, name, external_file_id, purpose, file_type, size, digest, created_at,"
        " expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        astuple(file),
    )
    return file


def get(connection: sqlite3.Connection, project_id: str, file_id: str) -> StoredFile:
    """Returns a file of a project; its ID is in either spelling.

    Raises:
        ProblemError: there is none, or it has expired (404).
    """
    row = connection.execute(
        "SELECT * FROM files WHERE project_id = ? AND id = ? AND expires_at > ?", (project_id, bare(file_id), now())
    ).fetchone()
    if row is None:
        raise not_found("File", file_id)
    return StoredFile(**row)


def find(
    connection: sqlite3.Connection, wanted: FileFilter, page: PageRequest, *, order_by: str | None = None
) -> StoredPage[StoredFile]:
    """Returns a page of files, newest first unless `order_by` says otherwise.

    Raises:
        ProblemError: `order_by` or the page token cannot be used (400).
    """
    ids = None if wanted.file_ids is None else [bare(file_id) for file_id in wanted.file_ids]
    conditions = {
        "project_id = ?": wanted.project_id,
        "expires_at > ?": now(),
        "name = ?": wanted.name,
        "external_file_id = ?": wanted.external_file_id,
    }
    rows = page_of(connection, Listing("files", _ITEM, conditions, ids, _sorted_by(order_by)), page)
    return StoredPage(tuple(StoredFile(**item) for item in rows.items), rows.next_page_token, rows.total_size)


def delete(connection: sqlite3.Connection, project_id: str, file_id: str) -> StoredFile:
    """Forgets a file and returns what it was, so that its bytes can be removed.

    Raises:
        ProblemError: there is none, or it has expired (404).
    """
    file = get(connection, project_id, file_id)
    connection.execute("DELETE FROM files WHERE project_id = ? AND id = ?", (project_id, file.id))
    return file


def take_expired(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """Forgets the files whose time is over; returns their projects and IDs, so that the bytes can be removed."""
    moment = now()
    rows = connection.execute("SELECT project_id, id FROM files WHERE expires_at <= ?", (moment,)).fetchall()
    connection.execute("DELETE FROM files WHERE expires_at <= ?", (moment,))
    return [(row["project_id"], row["id"]) for row in rows]


def remove_expired(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Forgets the files whose time is over; returns the projects and IDs of those that remain."""
    take_expired(connection)
    return {(row["project_id"], row["id"]) for row in connection.execute("SELECT project_id, id FROM files")}


def signing_key(connection: sqlite3.Connection) -> bytes:
    """The key that signs download addresses: made at its first use, and kept."""
    connection.execute(
        "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (_SIGNING_KEY, secrets.token_bytes(32)),
    )
    key: bytes = connection.execute("SELECT value FROM secrets WHERE name = ?", (_SIGNING_KEY,)).fetchone()["value"]
    return key


def _sorted_by(order_by: str | None) -> tuple[SortColumn, ...]:
    """Reads `order_by`.

    The service's two documents disagree: one has a list of fields, ascending unless `desc` is said, the other has one
    field, of which `created_at` is descending. Both are taken.
    """
    if (order_by or "").strip() in {"", "created_at"}:
        return NEWEST_FIRST
    columns = tuple(map(_sort_column, str(order_by).split(",")))
    if len({column.name for column in columns}) < len(columns):
        raise ProblemError(400, "Invalid order_by; it names a field twice")
    return columns


def _sort_column(text: str) -> SortColumn:
    match text.split():
        case [field] if field in _SORT_COLUMNS:
            return SortColumn(_SORT_COLUMNS[field], descending=False)
        case [field, direction] if field in _SORT_COLUMNS and direction.lower() in _DIRECTIONS:
            return SortColumn(_SORT_COLUMNS[field], descending=_DIRECTIONS[direction.lower()])
    fields = ", ".join(_SORT_COLUMNS)
    raise ProblemError(400, f"Invalid order_by; list one or more of {fields}, each with asc or desc or neither")
