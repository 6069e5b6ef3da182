"""Which types are found, and what they are taken for."""

from __future__ import annotations

from collections import Counter
from typing import Final

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from classify_core.evaluation import Outcome

_HEADER: Final = ("type", "documents", "right", "null", "most taken for")
_MOST_SHOWN: Final = 3


def measured_types(measurement: Measurement) -> Section:
    """Looks at the answers to all documents as one batch."""
    outcomes = measurement.together.outcomes
    labels = [label for label in (*measurement.corpus.types, None) if any(each.label == label for each in outcomes)]
    rows = [_row(label, [each for each in outcomes if each.label == label]) for label in labels]
    failures = [f"failed: {each.name}: {each.answer.error}" for each in measurement.together.failures]
    return Section("each type, as one batch", _HEADER, rows, failures)


def _row(label: str | None, outcomes: list[Outcome]) -> tuple[str, ...]:
    answers = Counter(_answer(each) for each in outcomes)
    wrong = sorted((-count, str(answer)) for answer, count in answers.items() if answer != label)
    taken_for = ", ".join(f"{answer} {-count}" for count, answer in wrong[:_MOST_SHOWN])
    nulls = sum(each.is_answered and each.answer.type is None for each in outcomes)
    share = answers[label] / len(outcomes)
    return label or "null", str(len(outcomes)), f"{share:.2f}", f"{nulls / len(outcomes):.2f}", taken_for


def _answer(outcome: Outcome) -> str | None:
    """The best guess; for a document of no type the type that it was given."""
    if not outcome.is_answered:
        return "failed"
    return outcome.answer.type if outcome.label is None else outcome.guess
