"""Scores to probabilities, with room for "no rule fits"."""

from __future__ import annotations

import math

_SHARPNESS = 12.0
_NONE_SCORE = 0.3


def probabilities(scores: dict[int, float]) -> dict[int, float]:
    """Returns the softmax of the scores against a constant that stands for "no rule fits"; adds up to less than 1."""
    if not scores:
        return {}
    top = max(max(scores.values()), _NONE_SCORE)
    weights = {position: math.exp(_SHARPNESS * (score - top)) for position, score in scores.items()}
    total = sum(weights.values()) + math.exp(_SHARPNESS * (_NONE_SCORE - top))
    return {position: weight / total for position, weight in weights.items()}
