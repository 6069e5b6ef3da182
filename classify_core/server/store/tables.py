"""The tables. Times are UTC in ISO 8601 of one fixed length, so that they compare as text; JSON is text.

Every table that a client can see is asked with the project's ID, always: that is what keeps projects apart.
"""

from __future__ import annotations

from typing import Final

SCHEMA_VERSION: Final = 2

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);

CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY,
    key_digest BLOB NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS files (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    external_file_id TEXT,
    purpose TEXT,
    file_type TEXT,
    size INTEGER NOT NULL,
    digest TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS files_by_time ON files (project_id, created_at, id);
CREATE INDEX IF NOT EXISTS files_by_expiry ON files (expires_at);
CREATE INDEX IF NOT EXISTS files_by_external_id ON files (project_id, external_file_id);

CREATE TABLE IF NOT EXISTS parse_jobs (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    file_type TEXT NOT NULL,
    lang TEXT NOT NULL,
    created_at TEXT NOT NULL,
    document TEXT NOT NULL, -- the last: whatever stands behind it could only be read past all of its text
    UNIQUE (project_id, digest, file_type, lang)
);
CREATE INDEX IF NOT EXISTS parse_jobs_by_time ON parse_jobs (created_at);

CREATE TABLE IF NOT EXISTS configurations (
    id TEXT PRIMARY KEY,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    parameters TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (project_id, name)
);

-- number: in the order of creation, over all projects; place: within the project. Neither is told to a client.
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    place INTEGER NOT NULL,
    api TEXT NOT NULL CHECK (api IN ('v1', 'v2')),
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'PARTIAL', 'FAILED', 'CANCELLED')),
    configuration TEXT NOT NULL,
    configuration_id TEXT,
    transaction_id TEXT,
    webhooks TEXT NOT NULL,
    error_message TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_transaction ON jobs (project_id, api, transaction_id)
    WHERE transaction_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_time ON jobs (project_id, api, created_at, id);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (project_id, api, status, created_at, id);
CREATE INDEX IF NOT EXISTS jobs_by_configuration ON jobs (project_id, api, configuration_id, created_at, id)
    WHERE configuration_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_place ON jobs (project_id, place);
CREATE INDEX IF NOT EXISTS open_jobs ON jobs (number) WHERE status IN ('PENDING', 'RUNNING');

-- What a job classifies: one document in v2, up to 500 in v1. file_input is the ID as the client gave it.
CREATE TABLE IF NOT EXISTS documents (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    id TEXT NOT NULL,
    input_type TEXT NOT NULL CHECK (input_type IN ('file_id', 'parse_job_id')),
    file_input TEXT NOT NULL,
    is_done INTEGER NOT NULL DEFAULT 0,
    parse_job_id TEXT,
    result TEXT,
    error_message TEXT,
    credits REAL,
    parse_credits REAL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (job_id, position)
) WITHOUT ROWID;

-- One event for one endpoint. A row goes when it is delivered or given up.
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    job_id TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at TEXT NOT NULL
);
"""
