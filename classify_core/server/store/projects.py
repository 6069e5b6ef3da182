"""Projects. Each key has one, the same after every restart, and no two keys share one."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import uuid4

from classify_core.server.store import jobs
from classify_core.server.store.moments import now


@dataclass(frozen=True, slots=True)
class Project:
    """Who is asking: everything that a client can see belongs to one."""

    id: str
    user_id: str


def project_of_key(connection: sqlite3.Connection, key_digest: bytes) -> Project:
    """Returns the project of a key, known by its SHA-256 digest; makes it where the key is new."""
    connection.execute(
        "INSERT INTO projects (id, key_digest, user_id, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (str(uuid4()), key_digest, str(uuid4()), now()),
    )
    row = connection.execute("SELECT id, user_id FROM projects WHERE key_digest = ?", (key_digest,)).fetchone()
    return Project(row["id"], row["user_id"])


def abandon(connection: sqlite3.Connection, project_id: str) -> list[str]:
    """Ends what a project has open: cancels its jobs, whose IDs it returns, and owes it no more webhooks."""
    rows = connection.execute(
        "SELECT id, api FROM jobs WHERE project_id = ? AND status IN ('PENDING', 'RUNNING')", (project_id,)
    ).fetchall()
    for row in rows:
        jobs.cancel(connection, project_id, row["api"], row["id"])
    connection.execute(
        "DELETE FROM deliveries WHERE job_id IN (SELECT id FROM jobs WHERE project_id = ?)", (project_id,)
    )
    return [row["id"] for row in rows]
