"""Outcomes made by hand, for tests of the figures."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.classification import Alternative, Classification, Status
from classify_core.errors import ClassifyError, RunStoppedError
from classify_core.evaluation import Evaluation, Outcome

TYPES = ("invoice", "contract", "resume")


def outcome(
    label: str | None,
    type_: str | None,
    confidence: float = 0.9,
    *,
    name: str = "a.txt",
    guess: str | None = None,
    status: Status = Status.COMPLETED,
    reasoning: str = "",
) -> Outcome:
    """A classified document; `guess` is the first alternative where there is no type."""
    first = type_ or guess
    alternatives = () if first is None else (Alternative(type=first, confidence=confidence),)
    answer = Classification(
        type=type_,
        confidence=confidence,
        reasoning=reasoning,
        status=status,
        alternatives=alternatives,
        backend="local/lexical",
        rules_id="0123456789abcdef",
    )
    return Outcome(name, label, answer)


def failed(label: str | None, *, name: str = "broken.pdf", message: str = "it is damaged") -> Outcome:
    answer = Classification(
        status=Status.FAILED, error=ClassifyError(message), backend="local", rules_id="0123456789abcdef"
    )
    return Outcome(name, label, answer)


def not_begun(label: str | None, *, name: str = "later.pdf") -> Outcome:
    answer = Classification(
        status=Status.NOT_STARTED, error=RunStoppedError("not begun"), backend="hosted", rules_id="0123456789abcdef"
    )
    return Outcome(name, label, answer)


def evaluation(outcomes: Sequence[Outcome]) -> Evaluation:
    return Evaluation(tuple(outcomes), TYPES, "0123456789abcdef")
