"""What a caller gets back for one document."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from classify_core.errors import ClassifyError
from classify_core.models import Confidence, JobUsage


class Status(StrEnum):
    """How the classification of one document ended."""

    COMPLETED = "completed"
    BELOW_THRESHOLD = "below_threshold"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    NOT_STARTED = "not_started"

    @property
    def is_success(self) -> bool:
        """Whether the document was classified, be it with a type, without one, or with one that was withheld."""
        return self in {Status.COMPLETED, Status.BELOW_THRESHOLD}


def _as_error(value: Any) -> Any:
    return ClassifyError(value) if isinstance(value, str) else value


# An exception inside, its text in JSON: handlers want attributes, dumps want plain data.
_ErrorField = Annotated[
    ClassifyError, BeforeValidator(_as_error), PlainSerializer(str, return_type=str), WithJsonSchema({"type": "string"})
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class Alternative(_Frozen):
    """A rule's type and the probability, 0.0 to 1.0, that it is the right one."""

    type: str
    confidence: Confidence


class Classification(_Frozen):
    """One document's label, or why there is none.

    Attributes:
        type: a rule's type; None where no rule matched, where the confidence was below `min_confidence`, and where
            the document could not be classified (`status` tells which).
        confidence: 0.0 to 1.0; for a local answer of None the best rule's probability; None where there is no answer.
        raw_confidence: what the backend itself said, where `confidence` is calibrated; else None.
        reasoning: why, in words; empty where there is no answer.
        status: how it ended.
        error: the error, where it failed; its text in JSON.
        alternatives: the types by probability, best first; also given where `type` is None. Empty where the backend
            has none, as the hosted one.
        backend: who answered, such as `"hosted"` or `"local/lexical"`.
        rules_id: short hash of rules, mode, parsing, `min_confidence` and backend: equal means comparable.
        job_id: the hosted job.
        usage: what the hosted job cost.
        source_name: the document's name.
        digest: SHA-256 of the document's content, in hexadecimal; None where the content was never here.
    """

    type: str | None = None
    confidence: Confidence | None = None
    raw_confidence: Confidence | None = None
    reasoning: str = ""
    status: Status = Status.COMPLETED
    error: _ErrorField | None = None
    alternatives: tuple[Alternative, ...] = ()
    backend: str
    rules_id: str
    job_id: str | None = None
    usage: JobUsage | None = None
    source_name: str | None = None
    digest: str | None = None


class Answer(_Frozen):
    """What a backend says of one document, before thresholds and names: the part that can be cached.

    Attributes:
        type: a rule's type, or None where no rule matched.
        backend: who answered, when it is more specific than the backend's own name.
        is_from_former_job: whether the job was made, and paid for, before this call.
        is_provisional: whether a better one may be had: it stands in its call, and no cache keeps it.
    """

    type: str | None
    confidence: Confidence
    reasoning: str = ""
    alternatives: tuple[Alternative, ...] = Field(default=())
    backend: str | None = None
    job_id: str | None = None
    is_from_former_job: bool = False
    is_provisional: bool = False
    usage: JobUsage | None = None
