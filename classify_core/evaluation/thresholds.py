"""Which `min_confidence` costs least, where an error costs so much and a review so much."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.proportions import Proportion, proportion_of
from classify_core.evaluation.risk_coverage import RiskCoverage, RiskPoint, offers_of
from classify_core.evaluation.threshold_choice import Costs, Tied, cheapest_threshold, check_cost
from classify_core.evaluation.threshold_uncertainty import Uncertainty, uncertainty_of
from classify_core.evaluation.wording import percent

_FEW_DOCUMENTS: Final = 200
_FEW_ERRORS: Final = 10
_WIDE: Final = 0.2


@dataclass(frozen=True, slots=True)
class ThresholdAdvice:
    """The threshold of least cost on the documents it was measured on, and how far that can be relied on.

    Attributes:
        error_cost: what a wrong type that nobody looks at costs.
        review_cost: what it costs that somebody looks at a document.
        threshold: the `min_confidence` to set; 0.0 accepts every type, None means that a review of all costs least.
        documents: how many were measured; those without a type are reviewed under every threshold.
        accepted: how many keep their type.
        errors: how many of those are wrong.
        cost: the cost of a document, a mean, under the threshold and on these documents.
        cost_of_new: the same for documents that the threshold was not chosen on, which is more honest; None where too
            few were left to tell.
        cost_accepting_all: the cost of a document where every type is accepted.
        low: where the interval begins in which 9 of 10 resamples of these documents put the threshold.
        high: where it ends; 1.0 stands for a review of all.
        textbook: the threshold that the two costs alone would make, if confidences were exact.
        cautions: why not to rely on it too much, in words; empty where nothing speaks against it.
    """

    error_cost: float
    review_cost: float
    threshold: float | None
    documents: int
    accepted: int
    errors: int
    cost: float
    cost_of_new: float | None
    cost_accepting_all: float
    low: float
    high: float
    textbook: float
    cautions: tuple[str, ...]

    @property
    def coverage(self) -> float:
        """The share of the documents that keep their type."""
        return self.accepted / self.documents

    @property
    def accuracy(self) -> Proportion | None:
        """The share of those that is right; None where there are none."""
        return proportion_of(self.accepted - self.errors, self.accepted)

    def to_dict(self) -> dict[str, Any]:
        """The advice as plain data."""
        accuracy = self.accuracy
        measured = {"coverage": self.coverage, "accuracy": None if accuracy is None else accuracy.to_dict()}
        return asdict(self) | {"cautions": list(self.cautions)} | measured


def threshold_advice(evaluation: Evaluation, *, error_cost: float, review_cost: float) -> ThresholdAdvice:
    """Finds the threshold of least cost: below it a document is reviewed, from it on its type is accepted.

    Only the ratio of the two costs decides. A document that was given no type, or failed, is reviewed in any case.

    Args:
        evaluation: the documents to find it on; best those of no other purpose.
        error_cost: what a wrong type costs, in any unit.
        review_cost: what a review costs, in the same unit.

    Raises:
        InvalidOptionError: a cost is not a number above 0.
    """
    check_cost("error_cost", error_cost)
    check_cost("review_cost", review_cost)
    curve = evaluation.risk_coverage
    threshold = cheapest_threshold(_ties(curve), Costs.of(error_cost=error_cost, review_cost=review_cost))
    best = None if threshold is None else _point_at(curve, threshold)
    offers = offers_of(evaluation.judged)
    uncertainty = uncertainty_of(offers, curve.documents, error_cost=error_cost, review_cost=review_cost)
    return ThresholdAdvice(
        error_cost=error_cost,
        review_cost=review_cost,
        threshold=threshold,
        documents=curve.documents,
        accepted=0 if best is None else best.accepted,
        errors=0 if best is None else best.errors,
        cost=_cost(best, curve.documents, error_cost, review_cost),
        cost_of_new=uncertainty.cost_of_new,
        cost_accepting_all=_cost(curve.points[-1] if curve.points else None, curve.documents, error_cost, review_cost),
        low=uncertainty.low,
        high=uncertainty.high,
        textbook=max(0.0, 1.0 - review_cost / error_cost),
        cautions=tuple(_cautions(curve, best, uncertainty)),
    )


def _ties(curve: RiskCoverage) -> list[Tied]:
    """The documents of each confidence, where the curve counts those of it and above."""
    ties, accepted, errors = [], 0, 0
    for point in curve.points:
        ties.append(Tied(point.threshold, point.accepted - accepted, point.errors - errors))
        accepted, errors = point.accepted, point.errors
    return ties


def _point_at(curve: RiskCoverage, threshold: float) -> RiskPoint:
    """What a threshold comes to that accepts something."""
    return next(point for point in reversed(curve.points) if point.threshold >= threshold)


def _cost(point: RiskPoint | None, documents: int, error_cost: float, review_cost: float) -> float:
    """The cost of a document, a mean; None stands for a review of all."""
    if point is None:
        return review_cost
    return (point.errors * error_cost + (documents - point.accepted) * review_cost) / documents


def _cautions(curve: RiskCoverage, best: RiskPoint | None, uncertainty: Uncertainty) -> list[str]:
    cautions = []
    errors = curve.points[-1].errors if curve.points else 0
    if curve.documents < _FEW_DOCUMENTS:
        cautions.append(f"{curve.documents} documents are few; label {_FEW_DOCUMENTS} or more before relying on it")
    if errors < _FEW_ERRORS:
        cautions.append(f"wrong types are few here ({errors}), so where errors begin is hardly known")
    if uncertainty.high - uncertainty.low > _WIDE:
        cautions.append(
            f"on other documents of this kind the best threshold may lie anywhere from {uncertainty.low:.2f} to "
            f"{uncertainty.high:.2f}"
        )
    if best is not None and best.errors == 0 and best.accepted:
        share = percent(Proportion(0, best.accepted).high)
        cautions.append(f"no error among {best.accepted} accepted documents can still mean up to {share} errors")
    return cautions
