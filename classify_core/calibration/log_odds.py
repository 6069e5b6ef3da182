"""Confidences as log-odds, the scale on which a slope and an intercept are learned, and back."""

from __future__ import annotations

import math
from typing import Final

SUREST: Final = 0.99
"""What a confidence of 1.0 is read as, and 1 less it is what 0.0 is read as: certainty has no finite log-odds.

All between is moved in proportion, so that the order stays. Services round to 1.0 what is wrong now and then; were it
read as still surer, these few documents alone would decide the slope.
"""


def log_odds(confidence: float) -> float:
    """Returns `ln(p / (1 - p))`, -4.6 to 4.6, of a confidence that was moved away from 0.0 and 1.0."""
    moved = (1.0 - SUREST) + (2.0 * SUREST - 1.0) * confidence
    return math.log(moved / (1.0 - moved))


def probability(odds: float) -> float:
    """Returns the probability, 0.0 to 1.0, of natural log-odds."""
    if odds >= 0.0:
        return 1.0 / (1.0 + math.exp(-odds))
    inverse = math.exp(odds)  # of the other sign it could overflow
    return inverse / (1.0 + inverse)
