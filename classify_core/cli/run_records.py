"""One result of `classify run`: what a line of its output holds."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from classify_core.classification import Classification, Status
from classify_core.cli.concealment import concealed
from classify_core.cli.run_inputs import writable
from classify_core.errors import ClassifyError


class ResultRecord(BaseModel):
    """What is written about one document; docs/cli.md explains the fields, which scripts rely on.

    Attributes:
        path: the document as it was found.
        error_code: the service's code, such as `PDF_IS_PROTECTED`, or else the name of the error.
        credits: what the job cost, as the service told it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    type: str | None = None
    confidence: float | None = None
    reasoning: str = ""
    status: Status
    error: str | None = None
    error_code: str | None = None
    backend: str
    rules_id: str
    job_id: str | None = None
    digest: str | None = None
    credits: float | None = None


def record_of(path: str, outcome: Classification) -> ResultRecord:
    """The result of a document."""
    error = outcome.error
    return ResultRecord(
        path=path,
        type=outcome.type,
        confidence=outcome.confidence,
        reasoning=writable(concealed(outcome.reasoning)),
        status=outcome.status,
        error=None if error is None else writable(concealed(error.message)),
        error_code=None if error is None else _code_of(error),
        backend=outcome.backend,
        rules_id=outcome.rules_id,
        job_id=outcome.job_id,
        digest=outcome.digest,
        credits=_credits_of(outcome),
    )


def _code_of(error: ClassifyError) -> str:
    code = getattr(error, "code", None)
    return type(error).__name__ if code is None else str(code)


def _credits_of(outcome: Classification) -> float | None:
    usage = outcome.usage
    if usage is None or (usage.credits is None and usage.parse_credits is None):
        return None
    return usage.total
