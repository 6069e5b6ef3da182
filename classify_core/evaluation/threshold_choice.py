"""The threshold of least cost on counted documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NamedTuple, Self

from classify_core.errors import InvalidOptionError

_DEAREST: Final = 1e12
_DIGITS: Final = range(2, 17)


def check_cost(name: str, cost: float) -> None:
    """Refuses a cost that nothing can be reckoned with.

    Raises:
        InvalidOptionError: it is not a number above 0, or too large a one.
    """
    if not 0 < cost <= _DEAREST:
        raise InvalidOptionError(
            f"{name} is {cost!r}; give a number above 0 and at most {_DEAREST:g}, such as the minutes that it takes"
        )


@dataclass(frozen=True, slots=True)
class Costs:
    """The two costs as whole numbers of one small unit, since rounding must not decide between equal sums.

    Attributes:
        error: what an accepted error costs.
        review: what a review costs.
    """

    error: int
    review: int

    @classmethod
    def of(cls, *, error_cost: float, review_cost: float) -> Self:
        """The costs as they were written: 0.3 is exactly three times 0.1."""
        error, review = (Fraction(str(float(cost))) for cost in (error_cost, review_cost))
        unit = math.lcm(error.denominator, review.denominator)
        return cls(int(error * unit), int(review * unit))


class Tied(NamedTuple):
    """Documents of one confidence, which are accepted together or not at all.

    Attributes:
        confidence: theirs.
        documents: how many they are.
        errors: how many of them have a wrong type.
    """

    confidence: float
    documents: int
    errors: int


def cheapest_threshold(ties: Sequence[Tied], costs: Costs) -> float | None:
    """The threshold of least cost, at equal cost the one that accepts most; None where a review of all costs less.

    Args:
        ties: all confidences that occur, the highest first.
        costs: of an error and a review.
    """
    chosen = None
    added = least = 0  # to the cost of reviewing all
    for index, tied in enumerate(ties):
        added += tied.errors * costs.error - tied.documents * costs.review
        if added <= least:
            least, chosen = added, index
    return None if chosen is None else _threshold_below(ties, chosen)


def _threshold_below(ties: Sequence[Tied], last: int) -> float:
    """A number of few digits that parts the last accepted documents from the next ones, as far from both as may be."""
    if last + 1 == len(ties):
        return 0.0
    accepted, rejected = ties[last].confidence, ties[last + 1].confidence
    rounded = (round((accepted + rejected) / 2, digits) for digits in _DIGITS)
    return next((number for number in rounded if rejected < number <= accepted), accepted)
