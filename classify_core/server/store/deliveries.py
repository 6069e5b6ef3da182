"""Webhook deliveries that are still owed. They are written in the transaction that changes the job."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from classify_core.server.store.moments import now, stored
from classify_core.server.store.records import JobState, StoredJob

_EVENTS = {
    JobState.PENDING: "classify.pending",
    JobState.RUNNING: "classify.running",
    JobState.COMPLETED: "classify.success",
    JobState.PARTIAL: "classify.partial_success",
    JobState.FAILED: "classify.error",
    JobState.CANCELLED: "classify.cancelled",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint; `body` is the event as JSON, before its output format."""

    event_id: str
    job_id: str
    event_type: str
    endpoint: dict[str, Any] = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    attempts: int
    due_at: str


def announce(connection: sqlite3.Connection, job: StoredJob) -> None:
    """Owes each endpoint of a job that asked for it the event of the job's present status."""
    event_type = _EVENTS[job.status]
    for endpoint in job.webhooks:
        wanted = endpoint.get("webhook_events")
        if wanted is None or event_type in wanted:
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


def due(connection: sqlite3.Connection, limit: int) -> list[Delivery]:
    """The deliveries whose time has come, oldest first."""
    rows = connection.execute(
        "SELECT * FROM deliveries WHERE due_at <= ? ORDER BY number LIMIT ?", (now(), limit)
    ).fetchall()
    return [
        Delivery(
            event_id=row["event_id"],
            job_id=row["job_id"],
            event_type=row["event_type"],
            endpoint=json.loads(row["endpoint"]),
            body=json.loads(row["body"]),
            attempts=row["attempts"],
            due_at=row["due_at"],
        )
        for row in rows
    ]


def next_due_at(connection: sqlite3.Connection) -> str | None:
    """When the next delivery is due; None where none is owed."""
    moment: str | None = connection.execute("SELECT MIN(due_at) FROM deliveries").fetchone()[0]
    return moment


def postpone(connection: sqlite3.Connection, event_id: str, until: datetime) -> None:
    """Counts an attempt that failed and owes the delivery again later."""
    connection.execute(
        "UPDATE deliveries SET attempts = attempts + 1, due_at = ? WHERE event_id = ?", (stored(until), event_id)
    )


def settle(connection: sqlite3.Connection, event_id: str) -> None:
    """Owes a delivery no more: it was made, or given up."""
    connection.execute("DELETE FROM deliveries WHERE event_id = ?", (event_id,))


def _body(event_id: str, event_type: str, job: StoredJob) -> dict[str, Any]:
    data: dict[str, Any] = {"id": job.id, "job_id": job.id, "project_id": job.project_id, "status": job.status}
    data |= {"error_message": job.error_message, "transaction_id": job.transaction_id}
    if job.api == "v2":
        [document] = job.documents
        outcome = document.outcome
        data |= {"file_input": document.input.file_input, "result": None if outcome is None else outcome.result}
    return {"event_id": event_id, "event_type": event_type, "timestamp": job.updated_at, "data": data}
