"""Learns the rising steps that fit best, and joins their middles by straight lines.

Isotonic regression (B. Zadrozny & C. Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability
Estimates", 2002) gives all documents of a step the same confidence; lines between the steps' centres keep them apart
(A. Oron & N. Flournoy, "Centered Isotonic Regression", 2017).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from statistics import fmean
from typing import Final

from classify_core.calibration.calibration import IsotonicCalibration
from classify_core.calibration.labels import Pair, smoothed_targets
from classify_core.errors import MissingExtraError

# Before the first centre and after the last nothing is known but that confidence rises: so slightly, as a share of
# the way to 0.0 or to 1.0, that only the order shows it.
_RISE_AT_THE_ENDS: Final = 0.01

# Confidences, or heights, that differ in rounding alone belong to one step.
_DECIMALS: Final = 12


def is_isotonic_available() -> bool:
    """Whether scikit-learn is installed."""
    return importlib.util.find_spec("sklearn") is not None


def fit_isotonic(pairs: Sequence[Pair]) -> IsotonicCalibration:
    """Returns the lines through the steps' centres.

    Args:
        pairs: one at least, sorted.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    return IsotonicCalibration(_joined_to_the_ends(_centres(pairs)))


def _centres(pairs: Sequence[Pair]) -> list[tuple[float, float]]:
    """Each step's mean raw confidence and its height, from left to right."""
    raw = [round(confidence, _DECIMALS) for confidence, _ in pairs]
    steps = groupby(zip(raw, _heights(raw, smoothed_targets(pairs)), strict=True), key=itemgetter(1))
    return [(fmean(confidence for confidence, _ in members), height) for height, members in steps]


def _heights(raw: Sequence[float], targets: Sequence[float]) -> list[float]:
    try:
        from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - optional, and slow to import
    except ImportError as fault:
        raise MissingExtraError(
            'isotonic calibration needs scikit-learn; install it with: pip install "classify-adapters[local]", or '
            'calibrate with method="temperature"'
        ) from fault
    return [round(float(height), _DECIMALS) for height in IsotonicRegression().fit_transform(raw, targets)]


def _joined_to_the_ends(centres: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    (first, lowest), (last, highest) = centres[0], centres[-1]
    start = [(0.0, lowest - lowest * _RISE_AT_THE_ENDS)] if first > 0.0 else []
    end = [(1.0, highest + (1.0 - highest) * _RISE_AT_THE_ENDS)] if last < 1.0 else []
    return (*start, *centres, *end)
