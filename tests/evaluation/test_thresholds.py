"""The advised threshold: least cost on the documents at hand, and honest about how much they tell."""

from __future__ import annotations

import random

import pytest

from classify_core.errors import InvalidOptionError
from classify_core.evaluation import threshold_advice
from tests.evaluation.outcomes import evaluation, failed, outcome


def calibrated(count: int, seed: int = 1) -> list:
    """Answers whose confidence is exactly the chance of their being right."""
    lot = random.Random(seed)
    made = []
    for _ in range(count):
        confidence = lot.random()
        made.append(outcome("invoice", "invoice" if lot.random() < confidence else "contract", confidence))
    return made


def cost_at(made: list, threshold: float, error_cost: float, review_cost: float) -> float:
    """The cost of a document under a threshold, by its definition."""
    accepted = [each for each in made if each.answer.type is not None and each.answer.confidence >= threshold]
    errors = sum(not each.is_right for each in accepted)
    return (errors * error_cost + (len(made) - len(accepted)) * review_cost) / len(made)


@pytest.mark.parametrize(("error_cost", "review_cost"), [(10, 1), (3, 1), (1.5, 1), (200, 3)])
def test_no_other_threshold_costs_less(error_cost: float, review_cost: float) -> None:
    made = calibrated(300)
    advice = threshold_advice(evaluation(made), error_cost=error_cost, review_cost=review_cost)
    chosen = 1.1 if advice.threshold is None else advice.threshold
    least = min(cost_at(made, each.answer.confidence, error_cost, review_cost) for each in made)
    assert advice.cost == pytest.approx(min(least, review_cost))
    assert cost_at(made, chosen, error_cost, review_cost) == pytest.approx(advice.cost)
    assert advice.cost_accepting_all == pytest.approx(cost_at(made, 0.0, error_cost, review_cost))


def test_with_exact_confidence_the_threshold_is_near_that_of_the_costs_alone() -> None:
    advice = threshold_advice(evaluation(calibrated(3000)), error_cost=5, review_cost=1)
    assert advice.textbook == pytest.approx(0.8)
    assert advice.low <= 0.8 <= advice.high
    assert advice.threshold == pytest.approx(0.8, abs=0.06)
    assert advice.cautions == ()


def test_few_documents_are_cautioned_and_leave_a_wide_range() -> None:
    few = threshold_advice(evaluation(calibrated(30)), error_cost=5, review_cost=1)
    many = threshold_advice(evaluation(calibrated(3000)), error_cost=5, review_cost=1)
    assert few.high - few.low > many.high - many.low
    assert any("30 documents are few" in caution for caution in few.cautions)
    assert any("may lie anywhere from" in caution for caution in few.cautions)


def test_what_new_documents_cost_is_told_less_rosily_than_what_these_cost() -> None:
    advices = [threshold_advice(evaluation(calibrated(60, seed)), error_cost=8, review_cost=1) for seed in range(8)]
    assert sum(advice.cost_of_new for advice in advices) > sum(advice.cost for advice in advices)


def test_without_errors_everything_is_accepted_and_the_luck_in_it_is_told() -> None:
    made = [outcome("invoice", "invoice", 0.5 + index / 200) for index in range(50)]
    advice = threshold_advice(evaluation(made), error_cost=10, review_cost=1)
    assert (advice.threshold, advice.coverage, advice.cost) == (0.0, 1.0, 0.0)
    assert any("no error among 50 accepted documents" in caution for caution in advice.cautions)


def test_where_nothing_is_ever_right_a_review_of_all_is_advised() -> None:
    made = [outcome("invoice", "contract", index / 20) for index in range(20)]
    advice = threshold_advice(evaluation(made), error_cost=2, review_cost=1)
    assert (advice.threshold, advice.coverage, advice.accuracy, advice.cost) == (None, 0.0, None, 1.0)
    assert (advice.low, advice.high) == (1.0, 1.0)


def test_a_review_dearer_than_an_error_accepts_all() -> None:
    made = [outcome("invoice", "contract", 0.1), outcome("invoice", "invoice", 0.9)]
    assert threshold_advice(evaluation(made), error_cost=1, review_cost=2).threshold == 0.0


def test_documents_without_a_type_are_reviewed_under_every_threshold() -> None:
    made = [outcome("invoice", "invoice", 0.9), outcome("invoice", None, 0.2, guess="invoice"), failed("invoice")]
    advice = threshold_advice(evaluation(made), error_cost=10, review_cost=3)
    assert (advice.accepted, advice.documents, advice.cost) == (1, 3, pytest.approx(2.0))


def test_equal_confidences_are_accepted_together_or_not_at_all() -> None:
    made = [outcome("invoice", "invoice", 0.9)] * 3 + [
        outcome("invoice", "invoice", 0.5),
        outcome("invoice", "contract", 0.5),
    ]
    advice = threshold_advice(evaluation(made), error_cost=10, review_cost=1)
    assert (advice.accepted, advice.errors) == (3, 0)
    assert 0.5 < advice.threshold <= 0.9


@pytest.mark.parametrize(("error_cost", "review_cost"), [(3, 1), (0.3, 0.1), (0.9, 0.3), (2.1, 0.7)])
def test_at_equal_cost_more_is_accepted_whatever_the_unit(error_cost: float, review_cost: float) -> None:
    made = [outcome("invoice", "invoice", 0.8), outcome("invoice", "invoice", 0.8), outcome("invoice", "contract", 0.8)]
    advice = threshold_advice(evaluation(made), error_cost=error_cost, review_cost=review_cost)
    assert (advice.threshold, advice.accepted) == (0.0, 3)
    dearer = threshold_advice(evaluation(made), error_cost=error_cost * 1.01, review_cost=review_cost)
    assert (dearer.threshold, dearer.accepted) == (None, 0)


def test_resamples_name_thresholds_as_the_advice_does() -> None:
    all_right = [outcome("invoice", "invoice", 0.9)] * 30
    accepting = threshold_advice(evaluation(all_right), error_cost=10, review_cost=1)
    assert (accepting.threshold, accepting.low, accepting.high) == (0.0, 0.0, 0.0)
    parted = threshold_advice(
        evaluation(all_right + [outcome("invoice", "contract", 0.5)] * 30), error_cost=10, review_cost=1
    )
    assert (parted.threshold, parted.low, parted.high) == (0.7, 0.7, 0.7)
    assert parted.cost_of_new == pytest.approx(0.5, abs=0.02)


def test_a_threshold_has_no_more_digits_than_it_needs() -> None:
    made = [outcome("invoice", "invoice", 0.8123456), outcome("invoice", "contract", 0.6123456)]
    assert threshold_advice(evaluation(made), error_cost=10, review_cost=1).threshold == 0.71


def test_the_advice_is_the_same_each_time() -> None:
    made = evaluation(calibrated(80))
    assert threshold_advice(made, error_cost=4, review_cost=1) == threshold_advice(made, error_cost=4, review_cost=1)


@pytest.mark.parametrize("costs", [(0, 1), (1, 0), (-1, 1), (float("nan"), 1), (float("inf"), 1)])
def test_costs_that_cannot_be_are_refused(costs: tuple[float, float]) -> None:
    with pytest.raises(InvalidOptionError, match="above 0"):
        threshold_advice(evaluation(calibrated(5)), error_cost=costs[0], review_cost=costs[1])
