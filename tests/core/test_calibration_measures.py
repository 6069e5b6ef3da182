from __future__ import annotations

import math
import random
from typing import Any

import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as reference_log_loss

from classify_core import InvalidOptionError
from classify_core.calibration.measures import (
    area_under_roc,
    brier_score,
    expected_calibration_error,
    log_loss,
    reliability_bins,
)

MEASURES = [expected_calibration_error, brier_score, log_loss, reliability_bins, area_under_roc]


def _documents(count: int) -> tuple[list[float], list[bool]]:
    draw = random.Random(3)
    confidences = [round(draw.random(), 2) for _ in range(count)]
    return confidences, [draw.random() < confidence**2 for confidence in confidences]


def test_the_measures_are_those_of_the_field() -> None:
    confidences, right = _documents(400)
    inside = [min(max(confidence, 1e-15), 1.0 - 1e-15) for confidence in confidences]
    assert brier_score(confidences, right) == pytest.approx(brier_score_loss(right, confidences))
    assert log_loss(confidences, right) == pytest.approx(reference_log_loss(right, inside))
    assert area_under_roc(confidences, right) == pytest.approx(roc_auc_score(right, confidences))


def test_the_calibration_error_is_the_distance_between_confidence_and_share_right() -> None:
    confidences = [0.95, 0.95, 0.95, 0.95, 0.15]
    right = [True, True, True, False, False]
    assert expected_calibration_error(confidences, right) == pytest.approx((4 * 0.20 + 1 * 0.15) / 5)
    assert expected_calibration_error(confidences, right, bins=1) == pytest.approx(0.79 - 0.6)


def test_bins_begin_at_their_lower_edge_and_the_last_one_includes_certainty() -> None:
    bins = reliability_bins([0.0, 0.1, 0.89, 0.9, 1.0], [False, False, True, True, True])
    assert [each.count for each in bins] == [1, 1, 0, 0, 0, 0, 0, 0, 1, 2]
    assert (bins[0].low, bins[-1].high) == (0.0, 1.0)
    assert bins[-1].mean_confidence == pytest.approx(0.95)
    assert bins[-1].share_right == 1.0


def test_an_empty_bin_has_no_mean() -> None:
    empty = reliability_bins([0.05], [True])[5]
    assert (empty.count, empty.mean_confidence, empty.share_right) == (0, None, None)


def test_a_certain_mistake_is_bad_and_not_infinitely_so() -> None:
    assert log_loss([1.0], [False]) == pytest.approx(34.5, abs=0.1)
    assert log_loss([0.0], [True]) == pytest.approx(34.5, abs=0.1)
    assert log_loss([1.0, 0.0], [True, False]) == 0.0


def test_ties_tell_right_from_wrong_half_the_time() -> None:
    assert area_under_roc([0.7, 0.7, 0.7], [True, False, False]) == 0.5
    assert area_under_roc([0.9, 0.7, 0.7], [True, False, True]) == 0.75


@pytest.mark.parametrize("right", [True, False])
def test_one_outcome_alone_leaves_nothing_to_tell_apart(right: bool) -> None:  # noqa: FBT001 - parametrised
    assert area_under_roc([0.2, 0.9], [right, right]) is None


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("confidences", "right"), [([], []), ([0.5], []), ([math.nan], [True]), ([1.5], [True]), ([-0.1], [False])]
)
def test_what_cannot_be_measured_is_refused(measure: Any, confidences: list[float], right: list[bool]) -> None:
    with pytest.raises(InvalidOptionError):
        measure(confidences, right)


def test_no_bins_are_refused() -> None:
    with pytest.raises(InvalidOptionError, match="bins"):
        expected_calibration_error([0.5], [True], bins=0)
