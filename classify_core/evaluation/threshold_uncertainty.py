"""How much a threshold of least cost owes to the documents that it happened to be chosen on: a bootstrap.

Efron & Tibshirani, "An Introduction to the Bootstrap" (1993). The same documents give the same answer each time.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean
from typing import Final

_STEPS: Final = 400_000
_FEWEST_RESAMPLES: Final = 50
_MOST_RESAMPLES: Final = 1000
_TAIL: Final = 0.05


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What resampling tells.

    Attributes:
        low: the threshold that 5 % of the resamples stay below.
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
    # What accepting each document adds to the cost of reviewing it.
    additions = [(0.0 if is_right else error_cost) - review_cost for _, is_right in offers]
    groups = _tied(offers)
    generator = random.Random(0)  # noqa: S311 - repeatable, and no secret
    thresholds, costs = [], []
    for _ in range(max(_FEWEST_RESAMPLES, min(_MOST_RESAMPLES, _STEPS // documents))):
        drawn = Counter(generator.choices(range(documents), k=documents))
        end = _cheapest_end(groups, additions, drawn)
        thresholds.append(offers[end - 1][0] if end else 1.0)
        if left_out := documents - len(drawn):
            saved = sum(additions[place] for place in range(end) if place not in drawn)
            costs.append(review_cost + saved / left_out)
    thresholds.sort()
    tail = int(len(thresholds) * _TAIL)
    return Uncertainty(thresholds[tail], thresholds[-1 - tail], fmean(costs) if costs else None)


def _cheapest_end(groups: Sequence[Sequence[int]], additions: Sequence[float], drawn: Counter[int]) -> int:
    """How many of the documents, the surest first, to accept; equal confidences are accepted together."""
    least, best = 0.0, 0
    total, seen = 0.0, 0
    for places in groups:
        drawn_here = sum(drawn[place] for place in places)
        total += sum(drawn[place] * additions[place] for place in places)
        seen += len(places)
        if drawn_here and total <= least:  # a confidence that was not drawn is none that could be chosen
            least, best = total, seen
    return best


def _tied(offers: Sequence[tuple[float, bool]]) -> list[list[int]]:
    """The places of the documents, those of one confidence together."""
    return [list(places) for _, places in groupby(range(len(offers)), key=lambda place: offers[place][0])]
