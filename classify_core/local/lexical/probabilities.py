"""Scores to probabilities, with room for "no rule fits"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classify_core.local.lexical.fitting import Fits

_SHARPNESS = 12.0
# Relative to the best rule's weight: shared words never make a type certain, and sums stay below 1 when rounded.
_LEAST_DOUBT = 0.01


def probabilities(fits: Fits) -> dict[int, float]:
    """Returns the softmax of the scores against that of "no rule fits"; they add up to less than 1.

    Each thing that speaks for the best rule halves the doubt that remains however high the scores are: one word proves
    little, wherever it stands.
    """
    best = max(fits.rules.values(), key=lambda fit: fit.score, default=None)
    top = fits.none if best is None else max(fits.none, best.score)
    weights = {position: math.exp(_SHARPNESS * (fit.score - top)) for position, fit in fits.rules.items()}
    doubt = 1.0 if best is None else 0.5 ** min(1000, best.findings)
    total = sum(weights.values()) + max(math.exp(_SHARPNESS * (fits.none - top)), doubt, _LEAST_DOUBT)
    return {position: weight / total for position, weight in weights.items()}
