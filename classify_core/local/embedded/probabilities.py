"""Similarities to probabilities, with room for "no rule fits"."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

# How far a rule has to stand out, in standard deviations of the kinds' similarities to the document.
_LEAST_DISTINCTION = 2.0
_SHARPNESS = 2.0
# Similarities that differ by less are equal: nothing can be told by them.
_LEAST_SPREAD = 1e-6


def probabilities(rules: Sequence[float], kinds: Sequence[float]) -> list[float]:
    """The softmax over how far each rule stands out, against "no rule fits"; they add up to less than 1.

    Args:
        rules: the rules' similarities to the document.
        kinds: the similarities of the kinds of documents to it: their mean is where nothing stands out, and how far
            they lie apart is the measure.
    """
    middle = statistics.fmean(kinds)
    spread = statistics.pstdev(kinds, middle)
    if spread < _LEAST_SPREAD:
        return [0.0] * len(rules)
    distinctions = [(similarity - middle) / spread for similarity in rules]
    top = max([_LEAST_DISTINCTION, *distinctions])
    weights = [math.exp(_SHARPNESS * (distinction - top)) for distinction in distinctions]
    total = sum(weights) + math.exp(_SHARPNESS * (_LEAST_DISTINCTION - top))
    return [weight / total for weight in weights]
