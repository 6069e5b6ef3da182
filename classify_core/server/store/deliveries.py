"""Webhook deliveries that are still owed. They are written in the transaction that changes the job."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from classify_core.server.store.moments import now, stored
from classify_core.server.store.records import JobState, StoredJob

EVENTS: Final = {
    JobState.PENDING: "classify.pending",
    JobState.RUNNING: "classify.running",
    JobState.COMPLETED: "classify.success",
    JobState.PARTIAL: "classify.partial_success",
    JobState.FAILED: "classify.error",
    JobState.CANCELLED: "classify.cancelled",
}
# v1 has no word for a job that is being worked on.
V1_STATUSES: Final = {
    JobState.PENDING: "PENDING",
    JobState.RUNNING: "PENDING",
    JobState.COMPLETED: "SUCCESS",
    JobState.PARTIAL: "PARTIAL_SUCCESS",
    JobState.FAILED: "ERROR",
    JobState.CANCELLED: "CANCELLED",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint.

    Attributes:
        number: in the order of the events, over all jobs.
        endpoint: as the client gave it, secrets included.
        body: the event as an object, before its output format.
        attempts: those that failed.
        due_at: when the next attempt may be made.
    """

    number: int
    event_id: str
    job_id: str
    event_type: str
    endpoint: dict[str, Any] = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    attempts: int
    due_at: str


def announce(connection: sqlite3.Connection, job: StoredJob) -> None:
    """Owes each endpoint of a job that asked for it the event of the job's present status."""
    event_type = EVENTS[job.status]
    for endpoint in job.webhooks:
        if _is_wanted(event_type, endpoint):
            _owe(connection, job, event_type, endpoint)


def owed_after(connection: sqlite3.Connection, number: int, *, limit: int) -> list[Delivery]:
    """Returns what is owed beyond a delivery's number, in the order of the events."""
    rows = connection.execute("SELECT * FROM deliveries WHERE number > ? ORDER BY number LIMIT ?", (number, limit))
    return [_delivery(row) for row in rows]


def find(connection: sqlite3.Connection, event_id: str) -> Delivery | None:
    """Returns a delivery; None where it is owed no more."""
    row = connection.execute("SELECT * FROM deliveries WHERE event_id = ?", (event_id,)).fetchone()
    return None if row is None else _delivery(row)


def postpone(connection: sqlite3.Connection, event_id: str, until: datetime) -> None:
    """Counts an attempt that failed and owes the delivery again later."""
    connection.execute(
        "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE event_id = ?", (stored(until), event_id)
    )


def settle(connection: sqlite3.Connection, event_id: str) -> None:
    """Owes a delivery no more: it was made, or given up."""
    connection.execute("DELETE FROM deliveries WHERE event_id = ?", (event_id,))


def _is_wanted(event_type: str, endpoint: dict[str, Any]) -> bool:
    # The published schema lets an endpoint have no address; there is nobody to tell then.
    if endpoint.get("webhook_url") is None:
        return False
    wanted = endpoint.get("webhook_events")
    return wanted is None or event_type in wanted


def _owe(connection: sqlite3.Connection, job: StoredJob, event_type: str, endpoint: dict[str, Any]) -> None:
    event_id = str(uuid4())
    connection.execute(
        "INSERT INTO deliveries (event_id, job_id, endpoint, event_type, body, due_at) VALUES (?, ?, ?, ?, ?, ?)",
        (
            event_id,
            job.id,
            json.dumps(endpoint),
            event_type,
            json.dumps(_body(event_id, event_type, job)),
            now(),
        ),
    )


def _body(event_id: str, event_type: str, job: StoredJob) -> dict[str, Any]:
    data = {"id": job.id, "job_id": job.id, "project_id": job.project_id, "error_message": job.error_message}
    data |= _v2_data(job) if job.api == "v2" else {"status": V1_STATUSES[job.status]}
    return {"event_id": event_id, "event_type": event_type, "timestamp": job.updated_at, "data": data}


def _v2_data(job: StoredJob) -> dict[str, Any]:
    return {
        "status": job.status,
        "document_input_type": job.document.input.input_type,
        "file_input": job.document.input.file_input,
        "parse_job_id": job.parse_job_id,
        "configuration_id": job.configuration_id,
        "transaction_id": job.transaction_id,
        "result": job.result,
    }


def _delivery(row: sqlite3.Row) -> Delivery:
    return Delivery(
        number=row["number"],
        event_id=row["event_id"],
        job_id=row["job_id"],
        event_type=row["event_type"],
        endpoint=json.loads(row["endpoint"]),
        body=json.loads(row["body"]),
        attempts=row["attempts"],
        due_at=row["due_at"],
    )
