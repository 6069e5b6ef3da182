"""Jobs and their documents. Each change of a status says from which status on, so that no job ends twice."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Final
from uuid import uuid4

from pydantic import TypeAdapter

from classify_core.server.problems import ProblemError, not_found
from classify_core.server.store import deliveries
from classify_core.server.store.listing import Listing, json_object, page_of
from classify_core.server.store.moments import now
from classify_core.server.store.paging import PageRequest, StoredPage
from classify_core.server.store.records import Api, JobState, NewJob, Outcome, StoredJob

_OUTCOME: Final = json_object(
    {"result": "json(result)"} | {name: name for name in ("error_message", "parse_job_id", "credits", "parse_credits")}
)
_DOCUMENT: Final = json_object(
    {name: name for name in ("id", "position", "updated_at")}
    | {
        "input": json_object({"input_type": "input_type", "file_input": "file_input"}),
        "outcome": f"CASE WHEN is_done THEN {_OUTCOME} END",
    }
)
_FIELDS: Final = {field.name: field.name for field in fields(StoredJob)} | {
    "user_id": "(SELECT user_id FROM projects WHERE projects.id = project_id)",
    "webhooks": "json(webhooks)",
    # In the order of the primary key.
    "documents": f"(SELECT json_group_array({_DOCUMENT}) FROM documents WHERE job_id = jobs.id)",  # noqa: S608 - SQL of this module
}
_JOB: Final = json_object(_FIELDS)
"""A job with its documents as one JSON value, which SQLite hands over at once (see `listing`)."""

_ITEMS: Final[dict[Api, str]] = {"v1": json_object(_FIELDS | {"documents": "json_array()"}), "v2": _JOB}
"""What is listed: of v1's jobs, which have up to 500 documents each, without these."""

_STORED_JOB: Final = TypeAdapter(StoredJob)


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are listed; None is no condition. The moments are as the store keeps them, inclusive."""

    project_id: str
    api: Api
    status: JobState | None = None
    configuration_id: str | None = None
    job_ids: tuple[str, ...] | None = None
    created_from: str | None = None
    created_to: str | None = None


def of_transaction(
    connection: sqlite3.Connection, project_id: str, api: Api, transaction_id: str | None
) -> StoredJob | None:
    """The job that was made with a transaction ID, which names one job of its project at most."""
    if transaction_id is None:
        return None
    return _one(connection, "project_id = ? AND api = ? AND transaction_id = ?", project_id, api, transaction_id)


def create(connection: sqlite3.Connection, new: NewJob) -> StoredJob:
    """Makes a job; in the same transaction `of_transaction` has found none of its transaction ID."""
    job_id, moment = str(uuid4()), now()
    connection.execute(
        "INSERT INTO jobs (id, project_id, place, api, status, configuration, configuration_id, transaction_id,"
        " webhooks, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            job_id,
            new.project_id,
            _next_place(connection, new.project_id),
            new.api,
            JobState.PENDING,
            json.dumps(new.configuration),
            new.configuration_id,
            new.transaction_id,
            json.dumps(new.webhooks),
            moment,
            moment,
        ),
    )
    connection.executemany(
        "INSERT INTO documents (job_id, position, id, input_type, file_input, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (job_id, position, str(uuid4()), document.input_type, document.file_input, moment)
            for position, document in enumerate(new.inputs)
        ],
    )
    return _announced(connection, _only(connection, job_id))


def get(connection: sqlite3.Connection, project_id: str, api: Api, job_id: str) -> StoredJob:
    """Returns a job of a project.

    Raises:
        ProblemError: there is none (404).
    """
    job = _one(connection, "project_id = ? AND api = ? AND id = ?", project_id, api, job_id)
    if job is None:
        raise not_found("Classify job", job_id)
    return job


def find(connection: sqlite3.Connection, wanted: JobFilter, page: PageRequest) -> StoredPage[StoredJob]:
    """Returns a page of jobs, newest first; those of v1 without their documents.

    Raises:
        ProblemError: the page token belongs to another listing (400).
    """
    rows = page_of(connection, Listing("jobs", _ITEMS[wanted.api], _conditions(wanted), wanted.job_ids), page)
    items = tuple(map(_STORED_JOB.validate_python, rows.items))
    return StoredPage(items, rows.next_page_token, rows.total_size)


def open_jobs(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    """The IDs and projects of all jobs that have not ended, those that were begun first, then as they came."""
    rows = connection.execute(
        "SELECT id, project_id FROM jobs WHERE status IN ('PENDING', 'RUNNING') ORDER BY status = 'PENDING', number"
    )
    return [(row["id"], row["project_id"]) for row in rows]


def begin(connection: sqlite3.Connection, job_id: str) -> StoredJob | None:
    """Marks a job as RUNNING; one that a killed server had begun stays so. None where it has ended or is gone."""
    changed = _move(connection, job_id, {JobState.PENDING}, JobState.RUNNING)
    job = _find_one(connection, job_id)
    if job is None or not job.status.is_open:
        return None
    return _announced(connection, job) if changed else job


def keep_outcome(connection: sqlite3.Connection, job_id: str, position: int, outcome: Outcome) -> None:
    """Keeps how a document of a running job ended; the first answer stands."""
    connection.execute(
        "UPDATE documents SET is_done = 1, result = ?, error_message = ?, parse_job_id = ?, credits = ?,"
        " parse_credits = ?, updated_at = ? WHERE job_id = ? AND position = ? AND NOT is_done"
        " AND EXISTS (SELECT 1 FROM jobs WHERE id = job_id AND status = 'RUNNING')",
        (
            None if outcome.result is None else json.dumps(outcome.result),
            outcome.error_message,
            outcome.parse_job_id,
            outcome.credits,
            outcome.parse_credits,
            now(),
            job_id,
            position,
        ),
    )


def finish(
    connection: sqlite3.Connection, job_id: str, status: JobState, error_message: str | None = None
) -> StoredJob | None:
    """Ends a running job; None where it has ended already."""
    if not _move(connection, job_id, {JobState.RUNNING}, status, error_message):
        return None
    return _announced(connection, _only(connection, job_id))


def cancel(connection: sqlite3.Connection, project_id: str, api: Api, job_id: str) -> StoredJob:
    """Cancels a job that has not ended.

    Raises:
        ProblemError: there is none (404), or it has ended (409).
    """
    job = get(connection, project_id, api, job_id)
    if not _move(connection, job_id, {JobState.PENDING, JobState.RUNNING}, JobState.CANCELLED):
        raise ProblemError(409, f"Job {job_id} is {job.status} and cannot be cancelled")
    return _announced(connection, _only(connection, job_id))


def delete(connection: sqlite3.Connection, project_id: str, api: Api, job_id: str) -> StoredJob:
    """Deletes a job that has ended, and returns what it was.

    Raises:
        ProblemError: there is none (404), or it has not ended (409).
    """
    job = get(connection, project_id, api, job_id)
    if job.status.is_open:
        raise ProblemError(409, f"Job {job_id} is {job.status}; cancel it first, or wait until it has ended")
    connection.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
    return job


def _next_place(connection: sqlite3.Connection, project_id: str) -> int:
    [last] = connection.execute("SELECT MAX(place) FROM jobs WHERE project_id = ?", (project_id,)).fetchone()
    return 1 if last is None else int(last) + 1


def _move(
    connection: sqlite3.Connection,
    job_id: str,
    origins: Iterable[JobState],
    target: JobState,
    error_message: str | None = None,
) -> bool:
    cursor = connection.execute(
        "UPDATE jobs SET status = ?, error_message = ?, updated_at = ? WHERE id = ?"
        " AND status IN (SELECT value FROM json_each(?))",
        (target, error_message, now(), job_id, json.dumps(sorted(origins))),
    )
    return cursor.rowcount == 1


def _announced(connection: sqlite3.Connection, job: StoredJob) -> StoredJob:
    deliveries.announce(connection, job)
    if not job.status.is_open:
        # Its last events are owed and hold what they need; the endpoints' secrets are kept no longer than that.
        connection.execute("UPDATE jobs SET webhooks = '[]' WHERE id = ?", (job.id,))
    return job


def _one(connection: sqlite3.Connection, condition: str, *values: str) -> StoredJob | None:
    select = f"SELECT {_JOB} FROM jobs WHERE {condition}"  # noqa: S608 - SQL of this module, values apart
    row = connection.execute(select, values).fetchone()
    return None if row is None else _STORED_JOB.validate_python(json.loads(row[0]))


def _find_one(connection: sqlite3.Connection, job_id: str) -> StoredJob | None:
    return _one(connection, "id = ?", job_id)


def _only(connection: sqlite3.Connection, job_id: str) -> StoredJob:
    job = _find_one(connection, job_id)
    assert job is not None, "a job that was just written is there"
    return job


def _conditions(wanted: JobFilter) -> dict[str, str | None]:
    return {
        "project_id = ?": wanted.project_id,
        "api = ?": wanted.api,
        "status = ?": wanted.status,
        "configuration_id = ?": wanted.configuration_id,
        "created_at >= ?": wanted.created_from,
        "created_at <= ?": wanted.created_to,
    }
