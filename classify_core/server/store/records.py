"""What the store keeps of a job."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Api = Literal["v1", "v2"]
InputType = Literal["file_id", "parse_job_id"]


class JobState(StrEnum):
    """Where a job stands; each API has its own words for these."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_open(self) -> bool:
        """Whether the job may still change."""
        return self in {JobState.PENDING, JobState.RUNNING}


@dataclass(frozen=True, slots=True)
class DocumentInput:
    """What is to be classified: the ID as the client gave it."""

    input_type: InputType
    file_input: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one document ended: with a result, `{type, confidence, reasoning}`, or with an error.

    Attributes:
        parse_job_id: where its text is kept.
        credits: what it would cost at the hosted service.
        parse_credits: the part of it that is for reading; None where another job had read it.
    """

    result: dict[str, Any] | None = field(default=None, repr=False)
    error_message: str | None = None
    parse_job_id: str | None = None
    credits: float | None = None
    parse_credits: float | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One document of a job."""

    id: str
    position: int
    input: DocumentInput
    outcome: Outcome | None
    updated_at: str


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is to be made.

    Attributes:
        configuration: as the API of the job writes it: rules, mode, parsing_configuration.
        webhooks: the endpoints, as the client gave them, secrets included.
    """

    project_id: str
    api: Api
    inputs: tuple[DocumentInput, ...]
    configuration: dict[str, Any]
    configuration_id: str | None = None
    transaction_id: str | None = None
    webhooks: tuple[dict[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class StoredJob:
    """A job as it stands.

    Attributes:
        configuration: as JSON, in the words of the API of the job: rules, mode, parsing_configuration.
        place: in the order of creation among the jobs of its project, from 1; the same in a repeated run.
    """

    id: str
    place: int
    project_id: str
    user_id: str
    api: Api
    status: JobState
    configuration: str
    configuration_id: str | None
    transaction_id: str | None
    webhooks: tuple[dict[str, Any], ...] = field(repr=False)
    error_message: str | None
    created_at: str
    updated_at: str
    documents: tuple[StoredDocument, ...]

    @property
    def document(self) -> StoredDocument:
        """The one document of a v2 job."""
        [document] = self.documents
        return document

    @property
    def result(self) -> dict[str, Any] | None:
        """What a v2 job found; None until it is COMPLETED."""
        outcome = self.document.outcome
        return outcome.result if outcome is not None and self.status is JobState.COMPLETED else None

    @property
    def parse_job_id(self) -> str | None:
        """The parse job that a v2 job was given, or that read its file; None until it is read."""
        given, outcome = self.document.input, self.document.outcome
        if given.input_type == "parse_job_id":
            return given.file_input
        return None if outcome is None else outcome.parse_job_id
