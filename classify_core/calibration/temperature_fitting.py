"""Learns slope and intercept on the log-odds, held near "as it is" where the labels say little.

Temperature scaling (C. Guo et al., "On Calibration of Modern Neural Networks", 2017) with the bias of J. Platt's
sigmoid (1999). scikit-learn's logistic regression pulls a slope towards 0, not towards 1, hence Newton's steps here;
the base install can take them too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from classify_core.calibration.calibration import TemperatureCalibration
from classify_core.calibration.labels import Pair, smoothed_targets
from classify_core.calibration.log_odds import log_odds, probability

# The prior: slope 1 and intercept 0, that is no change, with these standard deviations. A slope of 2 or an
# intercept of 2 is no surprise: weak against a few hundred documents, and all there is where nothing was wrong.
_SLOPE_DEVIATION: Final = 1.0
_INTERCEPT_DEVIATION: Final = 2.0

# Where confidence says nothing, or the opposite, all get nearly the same; the order is kept nevertheless.
_LEAST_SLOPE: Final = 0.01

_MAX_STEPS: Final = 100
_PRECISION: Final = 1e-10

_Scored: TypeAlias = Sequence[tuple[float, float]]  # log-odds and target of each document


class _Line(NamedTuple):
    slope: float
    intercept: float


def fit_temperature(pairs: Sequence[Pair]) -> TemperatureCalibration:
    """Returns the most probable slope and intercept given the pairs, one at least, and the prior."""
    odds = (log_odds(confidence) for confidence, _ in pairs)
    scored = list(zip(odds, smoothed_targets(pairs), strict=True))
    line = _most_probable(scored, _Line(1.0, 0.0))
    if line.slope < _LEAST_SLOPE:  # the loss is convex: the best that is allowed lies on the border
        line = _most_probable(scored, _Line(_LEAST_SLOPE, 0.0), slope_is_free=False)
    return TemperatureCalibration(line.slope, line.intercept)


def _most_probable(scored: _Scored, line: _Line, *, slope_is_free: bool = True) -> _Line:
    """Newton's method, each step halved until it leads downhill."""
    loss = _loss(scored, line)
    for _ in range(_MAX_STEPS):
        step = _newton_step(scored, line, slope_is_free=slope_is_free)
        following = _Line(line.slope + step.slope, line.intercept + step.intercept)
        while (following_loss := _loss(scored, following)) > loss and not _is_tiny(step):
            step = _Line(step.slope / 2, step.intercept / 2)
            following = _Line(line.slope + step.slope, line.intercept + step.intercept)
        if _is_tiny(step):
            break
        line, loss = following, following_loss
    return line


def _is_tiny(step: _Line) -> bool:
    return abs(step.slope) + abs(step.intercept) < _PRECISION


def _loss(scored: _Scored, line: _Line) -> float:
    """Log loss and prior, as a negative log probability."""
    prior = ((line.slope - 1.0) / _SLOPE_DEVIATION) ** 2 / 2 + (line.intercept / _INTERCEPT_DEVIATION) ** 2 / 2
    return prior + math.fsum(_log_loss(line.slope * odds + line.intercept, target) for odds, target in scored)


def _log_loss(odds: float, target: float) -> float:
    """`ln(1 + e^odds) - target * odds`, written so that nothing overflows."""
    return max(odds, 0.0) + math.log1p(math.exp(-abs(odds))) - target * odds


def _newton_step(scored: _Scored, line: _Line, *, slope_is_free: bool) -> _Line:
    slope_gradient = (line.slope - 1.0) / _SLOPE_DEVIATION**2
    intercept_gradient = line.intercept / _INTERCEPT_DEVIATION**2
    slope_curvature, mixed_curvature, intercept_curvature = _SLOPE_DEVIATION**-2, 0.0, _INTERCEPT_DEVIATION**-2
    for odds, target in scored:
        predicted = probability(line.slope * odds + line.intercept)
        slope_gradient += (predicted - target) * odds
        intercept_gradient += predicted - target
        weight = predicted * (1.0 - predicted)
        slope_curvature += weight * odds * odds
        mixed_curvature += weight * odds
        intercept_curvature += weight
    if not slope_is_free:
        return _Line(0.0, -intercept_gradient / intercept_curvature)
    determinant = slope_curvature * intercept_curvature - mixed_curvature**2
    return _Line(
        (mixed_curvature * intercept_gradient - intercept_curvature * slope_gradient) / determinant,
        (mixed_curvature * slope_gradient - slope_curvature * intercept_gradient) / determinant,
    )
