"""How far confidences can be trusted, measured on documents whose right answer is known.

Pure functions of two sequences of equal length: the confidences, 0.0 to 1.0, and whether each answer was right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from classify_core.checks import checked_fraction
from classify_core.errors import InvalidOptionError

# Log loss of a sure answer that is wrong would be infinite; this is as sure as it is ever held to be.
_SUREST = 1.0 - 1e-15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The documents whose confidence lies within one interval, and how often they are right.

    Attributes:
        low: where the interval begins, included.
        high: where it ends; excluded, except in the last one, which includes 1.0.
        count: the documents in it.
        mean_confidence: their mean confidence; None where there are none.
        share_right: the share of them that is right; None where there are none.
    """

    low: float
    high: float
    count: int
    mean_confidence: float | None
    share_right: float | None


def _check(confidences: Sequence[float], right: Sequence[bool]) -> None:
    """Raises for input that no measure is defined for.

    Raises:
        InvalidOptionError: the sequences are empty, differ in length, or hold a confidence outside 0.0 to 1.0.
    """
    if len(confidences) != len(right):
        raise InvalidOptionError(
            f"there are {len(confidences)} confidences and {len(right)} answers; give one of each a document"
        )
    if not confidences:
        raise InvalidOptionError("there are no documents to measure; give at least one")
    for confidence in confidences:
        checked_fraction("a confidence", confidence)


def reliability_bins(confidences: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> list[ReliabilityBin]:
    """The documents in `bins` intervals of equal width, empty ones included: what a reliability diagram shows.

    Raises:
        InvalidOptionError: `bins` is below 1, or the documents cannot be measured.
    """
    if bins < 1:
        raise InvalidOptionError(f"bins is {bins}; it must be at least 1")
    _check(confidences, right)
    members: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, is_right in zip(confidences, right, strict=True):
        members[min(int(confidence * bins), bins - 1)].append((confidence, is_right))
    return [_bin(index / bins, (index + 1) / bins, inside) for index, inside in enumerate(members)]


def _bin(low: float, high: float, inside: list[tuple[float, bool]]) -> ReliabilityBin:
    if not inside:
        return ReliabilityBin(low, high, 0, None, None)
    count = len(inside)
    mean_confidence = math.fsum(confidence for confidence, _ in inside) / count
    return ReliabilityBin(low, high, count, mean_confidence, sum(is_right for _, is_right in inside) / count)


def expected_calibration_error(confidences: Sequence[float], right: Sequence[bool], *, bins: int = 10) -> float:
    """The distance between confidence and share right, a mean over the documents' bins: 0.0 is best.

    Naeini, Cooper & Hauskrecht, "Obtaining Well Calibrated Probabilities Using Bayesian Binning" (2015).

    Args:
        confidences: 0.0 to 1.0, one a document.
        right: whether the answer was right, one a document.
        bins: intervals of equal width; the last includes 1.0.

    Raises:
        InvalidOptionError: `bins` is below 1, or the documents cannot be measured.
    """
    return math.fsum(
        abs(each.mean_confidence - each.share_right) * each.count / len(confidences)
        for each in reliability_bins(confidences, right, bins=bins)
        if each.mean_confidence is not None and each.share_right is not None
    )


def brier_score(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """The mean squared distance between confidence and outcome: 0.0 is best, always saying 0.5 makes 0.25.

    Raises:
        InvalidOptionError: the documents cannot be measured.
    """
    _check(confidences, right)
    pairs = zip(confidences, right, strict=True)
    return math.fsum((confidence - is_right) ** 2 for confidence, is_right in pairs) / len(confidences)


def log_loss(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """The mean negative natural logarithm of the probability given to what was the case: 0.0 is best.

    A wrong answer at 1.0, or a right one at 0.0, counts as 34.5 and not as infinite.

    Raises:
        InvalidOptionError: the documents cannot be measured.
    """
    _check(confidences, right)
    pairs = zip(confidences, right, strict=True)
    return math.fsum(_surprise(confidence if is_right else 1.0 - confidence) for confidence, is_right in pairs) / len(
        confidences
    )


def _surprise(probability: float) -> float:
    return -math.log(max(probability, 1.0 - _SUREST))


def area_under_roc(confidences: Sequence[float], right: Sequence[bool]) -> float | None:
    """How often a right answer has more confidence than a wrong one, ties counting half; 0.5 tells nothing.

    Returns:
        0.0 to 1.0; None where all answers are right or all are wrong, as there is nothing to tell apart.

    Raises:
        InvalidOptionError: the documents cannot be measured.
    """
    _check(confidences, right)
    right_count = sum(map(bool, right))
    wrong_count = len(right) - right_count
    if right_count == 0 or wrong_count == 0:
        return None
    return _concordance(confidences, right) / (right_count * wrong_count)


def _concordance(confidences: Sequence[float], right: Sequence[bool]) -> float:
    """The pairs of a right and a wrong answer in which the right one has more confidence; a tie is half a pair."""
    ranked = sorted(zip(confidences, right, strict=True))
    wrong_below, concordant = 0, 0.0
    for _, tied in groupby(ranked, key=lambda pair: pair[0]):
        outcomes = [is_right for _, is_right in tied]
        right_here = sum(outcomes)
        wrong_here = len(outcomes) - right_here
        concordant += right_here * (wrong_below + wrong_here / 2)
        wrong_below += wrong_here
    return concordant
