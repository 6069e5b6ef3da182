"""How many errors remain where only the surest answers are taken: the risk-coverage curve.

El-Yaniv & Wiener, "On the Foundations of Noise-free Selective Classification" (2010).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.outcome import Outcome


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """What a threshold comes to.

    Attributes:
        threshold: answers of at least this confidence are accepted.
        accepted: how many that are.
        errors: how many of them are wrong.
        coverage: the share of all documents that is accepted.
        risk: the share of the accepted ones that is wrong.
    """

    threshold: float
    accepted: int
    errors: int
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """The curve.

    Attributes:
        documents: all, also those that were given no type, which no threshold accepts.
        points: by falling threshold, one for each confidence that occurs; empty where nothing was given a type.
        area: the mean risk over the coverages up to the highest; 0.0 is best, None without points.
    """

    documents: int
    points: tuple[RiskPoint, ...]
    area: float | None

    def to_dict(self) -> dict[str, Any]:
        """The curve as plain data."""
        return {"area": self.area, "points": [asdict(point) for point in self.points]}


def offers_of(outcomes: Iterable[Outcome]) -> list[tuple[float, bool]]:
    """Confidence and rightness of the documents that were offered a type, the surest first."""
    offers = [
        (outcome.answer.confidence, outcome.is_offer_right)
        for outcome in outcomes
        if outcome.offered_type is not None and outcome.answer.confidence is not None
    ]
    return sorted(offers, key=lambda offer: -offer[0])


def risk_coverage_of(offers: Iterable[tuple[float, bool]], documents: int) -> RiskCoverage:
    """The curve of documents that were offered a type.

    Args:
        offers: confidence and rightness, the surest first.
        documents: how many there are in all.

    Raises:
        InvalidOptionError: there are fewer documents than offers, or none.
    """
    points: list[RiskPoint] = []
    accepted = errors = 0
    weighted = 0.0
    for threshold, tied in groupby(offers, key=lambda offer: offer[0]):
        outcomes = [is_right for _, is_right in tied]
        accepted += len(outcomes)
        errors += outcomes.count(False)
        risk = errors / accepted
        weighted += risk * len(outcomes)
        points.append(RiskPoint(threshold, accepted, errors, accepted / max(documents, 1), risk))
    if accepted > documents or documents < 1:
        raise InvalidOptionError(f"{accepted} answers cannot be given to {documents} documents")
    return RiskCoverage(documents, tuple(points), weighted / accepted if accepted else None)
