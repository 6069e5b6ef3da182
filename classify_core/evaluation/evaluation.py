"""What a classifier is worth on labelled documents: every figure, from one list of outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final, TypeVar

from classify_core.calibration.measures import (
    ReliabilityBin,
    area_under_roc,
    brier_score,
    expected_calibration_error,
    reliability_bins,
)
from classify_core.errors import InvalidOptionError
from classify_core.evaluation.confusion import ConfusionMatrix, TypeScores, confusion_of, macro_f1
from classify_core.evaluation.outcome import Outcome
from classify_core.evaluation.proportions import Proportion, proportion_of
from classify_core.evaluation.risk_coverage import RiskCoverage, offers_of, risk_coverage_of

BINS: Final = 10
"""Intervals of confidence of the reliability table and of the expected calibration error."""

_Measured = TypeVar("_Measured")


@dataclass(frozen=True)
class Evaluation:
    """Labelled documents with their answers, and the figures they make.

    Documents that were not begun (no credits left, say) are in no figure; documents that failed count as wrong.

    Attributes:
        outcomes: one a document, in the order given; at least one was begun.
        types: the types of the rules, in their order.
        rules_id: tells evaluations under other rules apart.
    """

    outcomes: tuple[Outcome, ...]
    types: tuple[str, ...]
    rules_id: str

    def __post_init__(self) -> None:
        if not any(outcome.is_begun for outcome in self.outcomes):
            raise InvalidOptionError("no document was classified, so that there is nothing to measure")

    @cached_property
    def judged(self) -> tuple[Outcome, ...]:
        """The documents that were worked on, on which all figures are."""
        return tuple(outcome for outcome in self.outcomes if outcome.is_begun)

    @property
    def not_started(self) -> int:
        """How many documents were not begun."""
        return len(self.outcomes) - len(self.judged)

    @cached_property
    def backends(self) -> tuple[str, ...]:
        """Who answered, such as `("local/lexical",)`."""
        return tuple(sorted({outcome.answer.backend for outcome in self.judged}))

    @cached_property
    def accuracy(self) -> Proportion:
        """The share that is right: the type equals the label, or both are none."""
        return Proportion(sum(outcome.is_right for outcome in self.judged), len(self.judged))

    @cached_property
    def best_guess(self) -> Proportion | None:
        """The share of the documents of a type whose best guess is right, given also where no type was."""
        labelled = [outcome for outcome in self.judged if outcome.label is not None]
        return proportion_of(sum(outcome.is_guess_right for outcome in labelled), len(labelled))

    @cached_property
    def typed(self) -> Proportion:
        """The share that was given a type."""
        return Proportion(sum(outcome.answer.type is not None for outcome in self.judged), len(self.judged))

    @cached_property
    def precision(self) -> Proportion | None:
        """The share of the documents given a type whose type is right; None where none was given one."""
        typed = [outcome for outcome in self.judged if outcome.answer.type is not None]
        return proportion_of(sum(outcome.is_right for outcome in typed), len(typed))

    @cached_property
    def confusion(self) -> ConfusionMatrix:
        """Which type was taken for which."""
        return confusion_of(self.judged, self.types)

    @cached_property
    def per_type(self) -> tuple[TypeScores, ...]:
        """Precision, recall and F1 of each type, in the order of the rules; documents of no type last."""
        return self.confusion.scores()

    @cached_property
    def macro_f1(self) -> float:
        """The mean F1 of the labels that there are documents of, no type included."""
        return macro_f1(self.per_type)

    @cached_property
    def judged_confidences(self) -> tuple[tuple[float, bool], ...]:
        """Each confidence, and whether what it spoke of was so."""
        found = (outcome.judged_confidence for outcome in self.judged)
        return tuple(pair for pair in found if pair is not None)

    @cached_property
    def ece(self) -> float | None:
        """Expected calibration error in ten bins of equal width: 0.0 is best; None without confidences."""
        return self._measured(expected_calibration_error)

    @cached_property
    def brier(self) -> float | None:
        """Brier score: 0.0 is best; None without confidences."""
        return self._measured(brier_score)

    @cached_property
    def auroc(self) -> float | None:
        """How often a right answer is surer than a wrong one; None where all are right, or all wrong."""
        return self._measured(area_under_roc)

    @cached_property
    def reliability(self) -> tuple[ReliabilityBin, ...]:
        """Confidence against the share that is right, in ten bins; empty without confidences."""
        return tuple(self._measured(reliability_bins) or ())

    @cached_property
    def risk_coverage(self) -> RiskCoverage:
        """How many errors remain where only the surest types are accepted."""
        return risk_coverage_of(offers_of(self.judged), len(self.judged))

    @cached_property
    def worst(self) -> tuple[Outcome, ...]:
        """Wrong answers: wrong types before missing ones, the surest first."""
        wrong = [outcome for outcome in self.judged if outcome.is_answered and not outcome.is_right]
        return tuple(sorted(wrong, key=lambda each: (each.answer.type is None, -(each.answer.confidence or 0.0))))

    @cached_property
    def failures(self) -> tuple[Outcome, ...]:
        """The documents without an answer; the outcome's `answer.error` tells why."""
        return tuple(outcome for outcome in self.judged if not outcome.is_answered)

    def to_dict(self) -> dict[str, Any]:
        """Figures and documents as plain data, without the documents' texts; docs/evaluate.md explains the fields."""
        return {
            "documents": len(self.judged),
            "not_started": self.not_started,
            "failed": len(self.failures),
            "backends": list(self.backends),
            "rules_id": self.rules_id,
            "accuracy": self.accuracy.to_dict(),
            "best_guess": _plain(self.best_guess),
            "typed": self.typed.to_dict(),
            "precision": _plain(self.precision),
            "macro_f1": self.macro_f1,
            "ece": self.ece,
            "brier": self.brier,
            "auroc": self.auroc,
            "per_type": [scores.to_dict() for scores in self.per_type],
            "confusion": self.confusion.to_dict(),
            "reliability": [asdict(each) for each in self.reliability],
            "risk_coverage": self.risk_coverage.to_dict(),
            "worst": [outcome.name for outcome in self.worst],
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
        }

    def _measured(self, measure: Callable[[Sequence[float], Sequence[bool]], _Measured]) -> _Measured | None:
        if not self.judged_confidences:
            return None
        confidences, right = zip(*self.judged_confidences, strict=True)
        return measure(confidences, right)


def _plain(share: Proportion | None) -> dict[str, Any] | None:
    return None if share is None else share.to_dict()
