"""Each figure against its definition: scikit-learn's and SciPy's, and cases that can be counted by hand."""

from __future__ import annotations

import json
import pickle
import random

import pytest
from scipy import stats
from sklearn import metrics

from classify_core.classification import Status
from classify_core.errors import InvalidOptionError
from classify_core.evaluation import Proportion
from classify_core.evaluation.paired import difference_interval, mcnemar_exact
from classify_core.evaluation.risk_coverage import risk_coverage_of
from tests.evaluation.outcomes import TYPES, evaluation, failed, not_begun, outcome


def drawn_outcomes(count: int = 400) -> list:
    lot = random.Random(7)
    kinds = (*TYPES, None)
    made = [outcome(lot.choice(kinds), lot.choice(kinds), lot.random(), guess="invoice") for _ in range(count)]
    return [*made, *(failed(lot.choice(kinds)) for _ in range(20))]


def named(kind: str | None) -> str:
    return str(kind)


@pytest.mark.parametrize(("count", "total"), [(0, 1), (1, 1), (3, 7), (0, 50), (50, 50), (588, 710)])
def test_the_interval_of_a_share_is_wilson_s(count: int, total: int) -> None:
    share = Proportion(count, total)
    expected = stats.binomtest(count, total).proportion_ci(0.95, method="wilson")
    assert (share.low, share.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= share.low <= share.value <= share.high <= 1


@pytest.mark.parametrize(("count", "total"), [(0, 0), (2, 1), (-1, 3)])
def test_a_share_of_nothing_is_refused(count: int, total: int) -> None:
    with pytest.raises(InvalidOptionError):
        Proportion(count, total)


def test_right_is_the_label_s_type_or_rightly_none_and_a_failure_is_never_right() -> None:
    made = evaluation(
        [
            outcome("invoice", "invoice"),
            outcome("invoice", "contract"),
            outcome("invoice", None, guess="invoice"),
            outcome(None, None, guess="invoice"),
            outcome(None, "resume"),
            failed(None),
        ]
    )
    assert (made.accuracy.count, made.accuracy.total) == (2, 6)
    assert (made.best_guess.count, made.best_guess.total) == (2, 3)
    assert (made.typed.count, made.precision.count, made.precision.total) == (3, 1, 3)


def test_scores_by_type_and_macro_f1_are_those_of_scikit_learn() -> None:
    made = evaluation(drawn_outcomes())
    labels = [named(each.label) for each in made.outcomes]
    answers = [named(each.answer.type) if each.is_answered else "failed" for each in made.outcomes]
    kinds = [named(kind) for kind in (*TYPES, None)]
    precision, recall, f1, support = metrics.precision_recall_fscore_support(labels, answers, labels=kinds)
    assert [each.precision for each in made.per_type] == pytest.approx(list(precision))
    assert [each.recall for each in made.per_type] == pytest.approx(list(recall))
    assert [each.f1 for each in made.per_type] == pytest.approx(list(f1))
    assert [each.support for each in made.per_type] == list(support)
    assert made.macro_f1 == pytest.approx(f1.mean())
    matrix = metrics.confusion_matrix(labels, answers, labels=kinds)
    assert [list(row) for row in made.confusion.counts] == matrix.tolist()
    assert sum(made.confusion.unanswered) == 20


def test_auroc_and_brier_are_those_of_scikit_learn_with_equal_confidences_too() -> None:
    lot = random.Random(11)
    pairs = [(lot.randrange(11) / 10, lot.random() < 0.6) for _ in range(300)]
    made = evaluation([outcome("invoice", "invoice" if is_right else "resume", said) for said, is_right in pairs])
    said, right = zip(*pairs, strict=True)
    assert made.auroc == pytest.approx(metrics.roc_auc_score(right, said))
    assert made.brier == pytest.approx(metrics.brier_score_loss(right, said))


def test_a_type_without_documents_does_not_lower_macro_f1() -> None:
    made = evaluation([outcome("invoice", "invoice"), outcome("contract", "resume")])
    assert made.macro_f1 == pytest.approx((1.0 + 0.0) / 2)
    scores = {each.type: each for each in made.per_type}
    assert (scores["resume"].precision, scores["resume"].recall, scores["resume"].f1) == (0.0, None, 0.0)
    assert (scores[None].precision, scores[None].recall, scores[None].f1) == (None, None, None)


def test_mistakes_come_by_how_common_they_are() -> None:
    made = evaluation([outcome("invoice", "contract")] * 2 + [outcome("resume", None), outcome("resume", "resume")])
    assert made.confusion.mistakes() == [("invoice", "contract", 2), ("resume", None, 1)]


def test_calibration_is_of_typed_and_right_and_failures_have_none() -> None:
    made = evaluation(
        [outcome("invoice", "invoice", 0.8), outcome(None, None, 0.3, guess="invoice"), failed("invoice")]
    )
    assert made.judged_confidences == ((0.8, True), (0.3, False))
    assert made.brier == pytest.approx((0.2**2 + 0.3**2) / 2)
    assert made.ece == pytest.approx((0.2 + 0.3) / 2)
    assert made.auroc == 1.0
    assert [each.count for each in made.reliability] == [0, 0, 0, 1, 0, 0, 0, 0, 1, 0]


def test_confidence_of_no_type_without_alternatives_speaks_of_having_none() -> None:
    made = evaluation([outcome(None, None, 0.9), outcome("invoice", None, 0.7)])
    assert made.judged_confidences == ((0.9, True), (0.7, False))


def test_a_withheld_type_counts_as_offered_but_not_as_right() -> None:
    withheld = outcome("invoice", None, 0.4, guess="invoice", status=Status.BELOW_THRESHOLD)
    unknown = outcome("invoice", None, 0.4, status=Status.BELOW_THRESHOLD)
    made = evaluation([withheld, unknown])
    assert made.accuracy.count == 0
    assert made.judged_confidences == ((0.4, True),)
    assert [point.accepted for point in made.risk_coverage.points] == [1]


def test_figures_without_a_single_confidence_are_none() -> None:
    made = evaluation([failed("invoice")])
    assert (made.ece, made.brier, made.auroc, made.reliability, made.risk_coverage.area) == (None, None, None, (), None)
    assert made.accuracy.value == 0.0


def test_the_risk_coverage_curve_can_be_counted_by_hand() -> None:
    curve = risk_coverage_of([(0.9, True), (0.8, False), (0.8, True), (0.5, False)], 5)
    assert [(point.threshold, point.accepted, point.errors) for point in curve.points] == [
        (0.9, 1, 0),
        (0.8, 3, 1),
        (0.5, 4, 2),
    ]
    assert [point.coverage for point in curve.points] == pytest.approx([0.2, 0.6, 0.8])
    assert curve.area == pytest.approx((0 + 1 / 3 + 1 / 3 + 1 / 2) / 4)


def test_the_order_of_documents_changes_no_figure() -> None:
    outcomes = [outcome("invoice", "invoice" if index % 3 else "contract", 0.5) for index in range(9)]
    one, other = evaluation(outcomes), evaluation(outcomes[::-1])
    assert one.risk_coverage == other.risk_coverage
    assert one.confusion == other.confusion


def test_the_worst_are_wrong_types_by_confidence_then_missing_ones() -> None:
    made = evaluation(
        [
            outcome("invoice", None, 0.95, name="d", guess="contract"),
            outcome("invoice", "contract", 0.6, name="b"),
            outcome("invoice", "contract", 0.9, name="a"),
            outcome("invoice", "invoice", 0.9, name="right"),
            failed("invoice", name="failed"),
        ]
    )
    assert [each.name for each in made.worst] == ["a", "b", "d"]
    assert [each.name for each in made.failures] == ["failed"]


def test_documents_that_were_not_begun_are_in_no_figure() -> None:
    made = evaluation([outcome("invoice", "invoice"), not_begun("invoice")])
    assert (made.accuracy.total, made.not_started) == (1, 1)
    with pytest.raises(InvalidOptionError, match="nothing to measure"):
        evaluation([not_begun("invoice")])


def test_an_evaluation_can_be_pickled_and_written_as_json() -> None:
    made = evaluation(drawn_outcomes(30))
    assert made.accuracy.total == 50
    restored = pickle.loads(pickle.dumps(made))
    assert restored.to_dict() == made.to_dict()
    assert json.loads(json.dumps(made.to_dict()))["accuracy"]["total"] == 50


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (1, 0), (5, 5), (3, 12), (2000, 2100)])
def test_mcnemar_s_test_is_the_exact_binomial_one(only_first: int, only_second: int) -> None:
    differing = only_first + only_second
    expected = 1.0 if differing == 0 else stats.binomtest(only_first, differing, 0.5).pvalue
    assert mcnemar_exact(only_first, only_second) == pytest.approx(expected)
    assert mcnemar_exact(only_second, only_first) == pytest.approx(expected)


def test_the_interval_of_a_difference_holds_the_true_one_19_times_in_20() -> None:
    lot = random.Random(3)
    gain, loss, size, rounds = 0.12, 0.05, 150, 600
    held = 0
    for _ in range(rounds):
        luck = [lot.random() for _ in range(size)]
        won, lost = sum(one < gain for one in luck), sum(gain <= one < gain + loss for one in luck)
        low, high = difference_interval(lost, won, size)
        held += low <= gain - loss <= high
    assert held / rounds == pytest.approx(0.95, abs=0.03)


def test_the_interval_of_a_difference_turns_with_its_sides() -> None:
    low, high = difference_interval(3, 9, 40)
    assert difference_interval(9, 3, 40) == pytest.approx((-high, -low))
    assert low < (9 - 3) / 40 < high
