"""Work that was submitted and is collected later, maybe by another process, on another day."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from classify_core.classification import Classification
from classify_core.errors import ClassifyError
from classify_core.models import JobStatus


class JobHandle(BaseModel):
    """What `submit` returns for one document: where its classification is to be had.

    It is plain data without texts and keys: `model_dump_json` writes it, `model_validate_json` reads it back.

    Attributes:
        rules_id: of the classifier that submitted it; one that collects it must have the same.
        backend: who answers.
        source_name: the document's name.
        digest: SHA-256 of its content; None where that was never here.
        content_key: equal for equal documents; None where it could not be read.
        job_id: the job at the service; None where there is none.
        file_id: which of the job's files it is, where a job has several.
        outcome: the classification where it was known at once, or the failure where nothing could be begun.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rules_id: str
    backend: str
    source_name: str | None = None
    digest: str | None = None
    content_key: str | None = None
    job_id: str | None = None
    file_id: str | None = None
    outcome: Classification | None = None

    @property
    def error(self) -> ClassifyError | None:
        """Why nothing could be begun, where that is so."""
        return None if self.outcome is None else self.outcome.error


@dataclass(frozen=True, slots=True)
class Collected:
    """How a submitted document stands.

    Attributes:
        handle: as it was submitted.
        classification: the outcome, be it a label or a failure; None while the job is open.
        job_status: PENDING or RUNNING while it is open, else None.
    """

    handle: JobHandle
    classification: Classification | None = None
    job_status: JobStatus | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is to be collected again later."""
        return self.classification is None
