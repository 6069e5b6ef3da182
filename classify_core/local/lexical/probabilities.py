"""Scores to probabilities, with room for "no rule fits"."""

from __future__ import annotations

import math

_SHARPNESS = 12.0
_LEAST_SCORE = 0.25
_CHANCE_INFLUENCE = 2.0
# Relative to the best rule's weight: shared words never make a type certain, and sums stay below 1 when rounded.
_LEAST_DOUBT = 0.01


def probabilities(scores: dict[int, float], chance: float, terms: int) -> dict[int, float]:
    """Returns the softmax of the scores against that of "no rule fits"; they add up to less than 1.

    Args:
        scores: those of the rules that have anything in common with the document, by position.
        chance: what a rule would score by accident; the more it is, the more a rule needs.
        terms: how many different terms speak for the best rule. Each halves the doubt that remains however high the
            scores are: one word proves little, wherever it stands.
    """
    none_score = _LEAST_SCORE + _CHANCE_INFLUENCE * chance
    top = max(none_score, *scores.values()) if scores else none_score
    weights = {position: math.exp(_SHARPNESS * (score - top)) for position, score in scores.items()}
    total = sum(weights.values()) + max(math.exp(_SHARPNESS * (none_score - top)), 0.5**terms, _LEAST_DOUBT)
    return {position: weight / total for position, weight in weights.items()}
