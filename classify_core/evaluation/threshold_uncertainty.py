"""How much a threshold of least cost owes to the documents that it happened to be chosen on: a bootstrap.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993). The same documents give the same answer each time.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from classify_core.evaluation.threshold_choice import Costs, Tied, cheapest_threshold

_STEPS: Final = 400_000
_FEWEST_RESAMPLES: Final = 50
_MOST_RESAMPLES: Final = 1000
_TAIL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What resampling tells.

    Attributes:
        low: the threshold that 5 % of the resamples stay below; 0.0 accepts every type.
        high: the one that 5 % exceed; 1.0 stands for a review of all.
        cost_of_new: the cost of a document that was not in the resample the threshold was chosen on, a mean; None
            where there was none.
    """

    low: float
    high: float
    cost_of_new: float | None


def uncertainty_of(
    offers: Sequence[tuple[float, bool]], documents: int, *, error_cost: float, review_cost: float
) -> Uncertainty:
    """Chooses the threshold anew on resamples of the documents.

    Args:
        offers: confidence and rightness of those that were given a type, the surest first.
        documents: how many there are in all; the others are always reviewed.
        error_cost: what an accepted error costs.
        review_cost: what a review costs.
    """
    costs = Costs.of(error_cost=error_cost, review_cost=review_cost)
    generator = random.Random(0)  # noqa: S311 - repeatable, and no secret
    thresholds, left_out_costs = [], []
    for _ in range(max(_FEWEST_RESAMPLES, min(_MOST_RESAMPLES, _STEPS // documents))):
        drawn = Counter(generator.choices(range(documents), k=documents))
        threshold = cheapest_threshold(_drawn_ties(offers, drawn), costs)
        thresholds.append(1.0 if threshold is None else threshold)
        if left_out := documents - len(drawn):
            accepted = [] if threshold is None else _accepted(offers, drawn, threshold)
            saved = len(accepted) * review_cost - accepted.count(False) * error_cost
            left_out_costs.append(review_cost - saved / left_out)
    thresholds.sort()
    tail = int(len(thresholds) * _TAIL)
    return Uncertainty(thresholds[tail], thresholds[-1 - tail], fmean(left_out_costs) if left_out_costs else None)


def _drawn_ties(offers: Sequence[tuple[float, bool]], drawn: Counter[int]) -> list[Tied]:
    """The documents of a resample by confidence; a confidence that was not drawn is none that could be chosen."""
    ties: list[Tied] = []
    confidence, documents, errors = math.inf, 0, 0
    for place in sorted(drawn):
        if place >= len(offers):  # it was given no type, and so have all that follow
            break
        here, is_right = offers[place]
        if here != confidence and documents:
            ties.append(Tied(confidence, documents, errors))
            documents = errors = 0
        confidence = here
        documents += drawn[place]
        errors += 0 if is_right else drawn[place]
    return [*ties, Tied(confidence, documents, errors)] if documents else ties


def _accepted(offers: Sequence[tuple[float, bool]], drawn: Counter[int], threshold: float) -> list[bool]:
    """Whether they are right, of the documents that were not drawn and that the threshold accepts."""
    return [
        is_right
        for place, (confidence, is_right) in enumerate(offers)
        if place not in drawn and confidence >= threshold
    ]
