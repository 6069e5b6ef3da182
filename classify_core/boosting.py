"""Retrieved documents re-weighted by their type: which factors there may be, what they do to a score, and the order."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from classify_core.checks import checked_amount
from classify_core.errors import InvalidOptionError

_LARGEST: Final = sys.float_info.max


def checked_boost(boost: object) -> dict[str, float] | None:
    """Returns factors by type, in an order that is the same in every process.

    Args:
        boost: a mapping of types to factors; None is no re-weighting.

    Raises:
        InvalidOptionError: it is something else, or a factor is no finite number of 0 or more.
    """
    if boost is None:
        return None
    if not isinstance(boost, Mapping):
        raise InvalidOptionError(f"boost is of type {type(boost).__name__}; give {{type: factor}}")
    factors = {str(name): float(checked_amount(f"boost[{name!r}]", factor)) for name, factor in boost.items()}
    return dict(sorted(factors.items()))


def boosted(score: float | None, factor: float) -> float | None:
    """A score times a factor: above 1 it improves, below 1 it gets worse, whatever its sign.

    A negative score is divided, so that the order within a type stays. The result is finite, as JSON wants it.

    Args:
        score: None, or not a number, stays what it is.
        factor: 0.0 or more.
    """
    if score is None or not math.isfinite(score):
        return score
    if score < 0:
        return max(score / factor, -_LARGEST) if factor > 0 else -_LARGEST
    return min(score * factor, _LARGEST)


def best_first(scores: Sequence[float | None]) -> list[int]:
    """The places of the scores, the highest first; equal ones in their order, and what has no score last in its."""
    return sorted(range(len(scores)), key=lambda place: _descending(scores[place]))


def _descending(score: float | None) -> tuple[bool, float]:
    return (True, 0.0) if score is None or math.isnan(score) else (False, -score)
