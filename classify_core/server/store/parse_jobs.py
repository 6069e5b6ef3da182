"""Documents that were read: their text, so that no content of a project is read twice within 48 hours."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter

from classify_core.local.extraction.reading import ReadDocument
from classify_core.server.problems import not_found
from classify_core.server.store.moments import now, stored

LIFETIME: Final = timedelta(hours=48)
"""How long the service knows a content that it has read (contract README, "Limits, errors, price")."""

_PREFIX: Final = "pjb-"
_DOCUMENT: Final = TypeAdapter(ReadDocument)


@dataclass(frozen=True, slots=True)
class ParseJob:
    """A document of a project that was read.

    Attributes:
        name: of the file that was read first; others may have the same content.
        digest: SHA-256 of that content, in hexadecimal.
        document: all of its pages.
    """

    id: str
    project_id: str
    name: str
    digest: str
    document: ReadDocument = field(repr=False)


def get(connection: sqlite3.Connection, project_id: str, parse_job_id: str) -> ParseJob:
    """Returns a parse job of a project.

    Raises:
        ProblemError: there is none, or it has expired (404).
    """
    found = _one(connection, "project_id = ? AND id = ?", project_id, parse_job_id)
    if found is None:
        raise not_found("Parse job", parse_job_id)
    return found


def exists(connection: sqlite3.Connection, project_id: str, parse_job_id: str) -> bool:
    """Whether a project has this parse job; its text is not looked at."""
    return name_of(connection, project_id, parse_job_id) is not None


def name_of(connection: sqlite3.Connection, project_id: str, parse_job_id: str) -> str | None:
    """The name of a parse job's document; None where the project has no such parse job."""
    row = connection.execute(
        "SELECT name FROM parse_jobs WHERE created_at > ? AND project_id = ? AND id = ?",
        (_expired_at(), project_id, parse_job_id),
    ).fetchone()
    return None if row is None else str(row["name"])


def find_by_content(
    connection: sqlite3.Connection, project_id: str, *, digest: str, file_type: str, lang: str
) -> ParseJob | None:
    """Returns what was read of this content already, in this language for OCR; None where nothing was."""
    condition = "project_id = ? AND digest = ? AND file_type = ? AND lang = ?"
    return _one(connection, condition, project_id, digest, file_type, lang)


def keep(
    connection: sqlite3.Connection,
    project_id: str,
    *,
    name: str,
    digest: str,
    file_type: str,
    lang: str,
    document: ReadDocument,
) -> ParseJob:
    """Keeps what was read; of a content that is kept already the parse job stays as it is."""
    kept = find_by_content(connection, project_id, digest=digest, file_type=file_type, lang=lang)
    if kept is not None:
        return kept
    parse_job = ParseJob(_PREFIX + str(uuid4()), project_id, name, digest, document)
    connection.execute(
        # One of the same content that has expired is replaced.
        "INSERT OR REPLACE INTO parse_jobs (id, project_id, name, digest, file_type, lang, document, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (parse_job.id, project_id, name, digest, file_type, lang, _DOCUMENT.dump_json(document).decode(), now()),
    )
    return parse_job


def remove_expired(connection: sqlite3.Connection) -> None:
    """Forgets what was read more than `LIFETIME` ago."""
    connection.execute("DELETE FROM parse_jobs WHERE created_at <= ?", (_expired_at(),))


def _one(connection: sqlite3.Connection, condition: str, *values: str) -> ParseJob | None:
    select = f"SELECT * FROM parse_jobs WHERE created_at > ? AND {condition}"  # noqa: S608 - clauses of this module, values apart
    row = connection.execute(select, (_expired_at(), *values)).fetchone()
    if row is None:
        return None
    return ParseJob(row["id"], row["project_id"], row["name"], row["digest"], _DOCUMENT.validate_json(row["document"]))


def _expired_at() -> str:
    return stored(datetime.now(UTC) - LIFETIME)
