"""What the service keeps: files, saved configurations, and jobs that get done by being looked at."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.service.records import Outcome, RefusedError

Decide = Callable[[bytes, Sequence[Mapping[str, str]]], Mapping[str, Any]]

FILES_LIVE = timedelta(hours=48)
TERMINAL = {"COMPLETED", "FAILED", "CANCELLED"}


def decide_by_type_in_text(content: bytes, rules: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    """The first rule whose type occurs in the text, whatever the case; else no rule."""
    text = content.decode(errors="replace").casefold()
    for rule in rules:
        if rule["type"].casefold() in text:
            return {"type": rule["type"], "confidence": 0.9, "reasoning": f"the text says {rule['type']}"}
    return {"type": None, "confidence": 0.2, "reasoning": "no rule's type occurs in the text"}


def now() -> str:
    return datetime.now(UTC).isoformat()


@dataclass
class StoredFile:
    id: str
    name: str
    content: bytes = field(repr=False)
    project_id: str
    purpose: str | None = None
    external_file_id: str | None = None

    def as_json(self, *, with_url: bool = False) -> dict[str, Any]:
        expires = (datetime.now(UTC) + FILES_LIVE).isoformat()
        url = {"url": f"https://files.invalid/{self.id}", "expires_at": expires}
        return {
            "id": self.id,
            "name": self.name,
            "project_id": self.project_id,
            "external_file_id": self.external_file_id,
            "file_type": self.name.rpartition(".")[2] or None,
            "purpose": self.purpose,
            "expires_at": expires,
            "last_modified_at": now(),
            "download_url": url if with_url else None,
        }


@dataclass
class StoredJob:
    """A v2 job: PENDING when made, RUNNING between, and at its end after enough looks and seconds."""

    id: str
    project_id: str
    file_input: str
    configuration: dict[str, Any]
    configuration_id: str | None
    transaction_id: str | None
    outcome: Outcome
    result: Mapping[str, Any]
    status: str = "PENDING"
    looks: int = 0
    begun: float = field(default_factory=time.monotonic)
    created_at: str = field(default_factory=now)

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL

    def look(self) -> None:
        self.looks += 1
        self.advance()

    def advance(self) -> None:
        if self.is_terminal:
            return
        due = self.outcome.looks_until_done or 0
        seconds = self.outcome.seconds_until_done or 0.0
        if self.looks >= due and time.monotonic() - self.begun >= seconds:
            self.status = self.outcome.status or "COMPLETED"
        elif self.looks > 0:
            self.status = "RUNNING"

    def as_json(self, *, with_usage: bool = False) -> dict[str, Any]:
        failed = self.status == "FAILED"
        body = {
            "id": self.id,
            "project_id": self.project_id,
            "user_id": "user-1",
            "status": self.status,
            "document_input_type": "parse_job_id" if self.file_input.startswith("pjb-") else "file_id",
            "file_input": self.file_input,
            "configuration": self.configuration,
            "configuration_id": self.configuration_id,
            "parse_job_id": self.file_input if self.file_input.startswith("pjb-") else f"pjb-{self.id}",
            "transaction_id": self.transaction_id,
            "result": dict(self.result) if self.status == "COMPLETED" else None,
            "error_message": (self.outcome.error_message or "it failed") if failed else None,
            "created_at": self.created_at,
            "updated_at": now(),
        }
        return {**body, "usage": {"credits": 1.0, "parse_credits": 1.0}} if with_usage else body


@dataclass
class Store:
    """All state of one service; the server holds a lock around each call."""

    project_id: str
    decide: Decide
    looks_until_done: int
    seconds_until_done: float
    files: dict[str, StoredFile] = field(default_factory=dict)
    configurations: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, StoredJob] = field(default_factory=dict)
    v1_jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def add_file(self, name: str, content: bytes, *, prefix: str = "dfl", **facts: Any) -> StoredFile:
        facts.setdefault("project_id", self.project_id)
        file = StoredFile(f"{prefix}-{uuid4()}", name, content, **facts)
        self.files[file.id] = file
        return file

    def file(self, identifier: str) -> StoredFile:
        if identifier not in self.files:
            raise RefusedError(404, f"File {identifier} not found")
        return self.files[identifier]

    def job(self, identifier: str) -> StoredJob:
        if identifier not in self.jobs:
            raise RefusedError(404, f"Classify job {identifier} not found")
        return self.jobs[identifier]

    def configuration(self, identifier: str) -> dict[str, Any]:
        if identifier not in self.configurations:
            raise RefusedError(404, f"Configuration {identifier} not found")
        return self.configurations[identifier]

    def same_transaction(self, project_id: str, transaction_id: str | None) -> StoredJob | None:
        for job in self.jobs.values():
            if transaction_id is not None and (job.project_id, job.transaction_id) == (project_id, transaction_id):
                return job
        return None

    def outcome_of(self, file: StoredFile) -> Outcome:
        fitting = (o for o in reversed(self.outcomes) if o.fits(file.id, file.name, file.content))
        outcome = next(fitting, Outcome("*"))
        looks, seconds = outcome.looks_until_done, outcome.seconds_until_done
        return replace(
            outcome,
            looks_until_done=self.looks_until_done if looks is None else looks,
            seconds_until_done=self.seconds_until_done if seconds is None else seconds,
        )

    def classify(self, file: StoredFile, rules: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
        return {**self.decide(file.content, rules), **self.outcome_of(file).result}

    def add_job(self, file: StoredFile, **facts: Any) -> StoredJob:
        result = self.classify(file, facts["configuration"]["rules"])
        job = StoredJob(id=str(uuid4()), file_input=file.id, outcome=self.outcome_of(file), result=result, **facts)
        job.advance()
        self.jobs[job.id] = job
        return job
