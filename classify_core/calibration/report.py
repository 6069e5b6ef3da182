"""What a calibration is worth, in figures that can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Self, TypeAlias

from classify_core.calibration.measures import brier_score, expected_calibration_error, log_loss

Method: TypeAlias = Literal["temperature", "isotonic"]


@dataclass(frozen=True, slots=True)
class Quality:
    """How far a set of confidences can be trusted; 0.0 is best in all three.

    Attributes:
        expected_calibration_error: over ten bins. Of 50 documents even perfect confidences have about 0.1.
        brier_score: mean squared distance from the outcome.
        log_loss: mean negative natural logarithm of the probability of the outcome.
    """

    expected_calibration_error: float
    brier_score: float
    log_loss: float

    @classmethod
    def of(cls, confidences: Sequence[float], right: Sequence[bool]) -> Self:
        """Measures them."""
        return cls(
            expected_calibration_error(confidences, right),
            brier_score(confidences, right),
            log_loss(confidences, right),
        )


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """What was learned from, by which method, and what it brought.

    Attributes:
        documents: the labelled documents.
        right: how many of them were classified right.
        method: how the calibration was learned.
        compared: the methods that it was chosen from, or the one that was asked for.
        before: of the raw confidences.
        after: of the calibrated ones, each by a calibration that was learned without the document (ten-fold
            cross-validation): what is to be expected of new documents of the kind.
    """

    documents: int
    right: int
    method: Method
    compared: tuple[Method, ...]
    before: Quality
    after: Quality

    def __str__(self) -> str:
        measures = (
            ("ECE", self.before.expected_calibration_error, self.after.expected_calibration_error),
            ("Brier", self.before.brier_score, self.after.brier_score),
            ("log loss", self.before.log_loss, self.after.log_loss),
        )
        changes = " | ".join(f"{name} {before:.3f} -> {after:.3f}" for name, before, after in measures)
        return f"{self.method} | {self.right} of {self.documents} right | {changes}"
