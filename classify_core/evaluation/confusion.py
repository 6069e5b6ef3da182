"""Which types are taken for which, and precision, recall and F1 of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from classify_core.evaluation.outcome import Outcome


@dataclass(frozen=True, slots=True)
class TypeScores:
    """How well one type is found.

    Attributes:
        type: the type; None for documents of no type.
        support: documents with this label.
        answered: documents that were given this type, rightly or not.
        right: documents of which both is true.
    """

    type: str | None
    support: int
    answered: int
    right: int

    @property
    def precision(self) -> float | None:
        """The share of the documents given this type that have it; None where it was never given."""
        return self.right / self.answered if self.answered else None

    @property
    def recall(self) -> float | None:
        """The share of the documents of this type that were given it; None where there are none."""
        return self.right / self.support if self.support else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two; None where the type neither stands as a label nor was given."""
        involved = self.support + self.answered
        return 2 * self.right / involved if involved else None

    def to_dict(self) -> dict[str, Any]:
        """The scores as plain data."""
        return asdict(self) | {"precision": self.precision, "recall": self.recall, "f1": self.f1}


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """Counts of documents by label and answer.

    Attributes:
        types: what rows and columns stand for, in the order of the rules; None, the last, for no type.
        counts: for each label a row with the number of documents that were given each type.
        unanswered: for each label the number of documents without an answer, since they failed.
    """

    types: tuple[str | None, ...]
    counts: tuple[tuple[int, ...], ...]
    unanswered: tuple[int, ...]

    def scores(self) -> tuple[TypeScores, ...]:
        """The scores of each type, in their order; a document that failed was not found."""
        columns = [sum(column) for column in zip(*self.counts, strict=True)]
        return tuple(
            TypeScores(name, sum(row) + missing, column, row[index])
            for index, (name, row, missing, column) in enumerate(
                zip(self.types, self.counts, self.unanswered, columns, strict=True)
            )
        )

    def mistakes(self) -> list[tuple[str | None, str | None, int]]:
        """Label, answer and number of documents of each kind of mistake, the commonest first."""
        found = [
            (label, answer, count)
            for label, row in zip(self.types, self.counts, strict=True)
            for answer, count in zip(self.types, row, strict=True)
            if count and label != answer
        ]
        return sorted(found, key=lambda mistake: -mistake[2])

    def to_dict(self) -> dict[str, Any]:
        """The matrix as plain data."""
        return {
            "types": list(self.types),
            "counts": [list(row) for row in self.counts],
            "unanswered": list(self.unanswered),
        }


def confusion_of(outcomes: Iterable[Outcome], types: Sequence[str]) -> ConfusionMatrix:
    """Counts outcomes.

    Args:
        outcomes: documents that were worked on.
        types: the rules' types.
    """
    answers: Counter[tuple[str | None, str | None]] = Counter()
    unanswered: Counter[str | None] = Counter()
    for outcome in outcomes:
        if outcome.is_answered:
            answers[outcome.label, outcome.answer.type] += 1
        else:
            unanswered[outcome.label] += 1
    shown = (*types, None)
    return ConfusionMatrix(
        shown,
        tuple(tuple(answers[label, answer] for answer in shown) for label in shown),
        tuple(unanswered[label] for label in shown),
    )


def macro_f1(scores: Iterable[TypeScores]) -> float:
    """The mean F1 of the labels that there are documents of, each counting the same; 0.0 without any."""
    found = [score.f1 for score in scores if score.support and score.f1 is not None]
    return fmean(found) if found else 0.0
