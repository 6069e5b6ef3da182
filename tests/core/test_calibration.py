from __future__ import annotations

import json
import math
import pickle
import random
from dataclasses import FrozenInstanceError
from itertools import pairwise
from typing import Any

import pytest

from classify_core import Alternative, InvalidOptionError
from classify_core.calibration import Calibration, IsotonicCalibration, TemperatureCalibration

SOFTER = TemperatureCalibration(slope=0.5, intercept=0.0)
STEPS = IsotonicCalibration(points=((0.0, 0.1), (0.4, 0.2), (0.8, 0.7), (1.0, 0.95)))
CALIBRATIONS = [
    SOFTER,
    STEPS,
    TemperatureCalibration(slope=2.5, intercept=1.5),
    TemperatureCalibration(slope=0.01, intercept=-3.0),
    TemperatureCalibration(slope=400.0, intercept=-900.0),
    IsotonicCalibration(points=((0.0, 0.5), (1.0, 0.5))),
]


def _alternatives(*confidences: float) -> list[Alternative]:
    return [Alternative(type=f"type-{number}", confidence=value) for number, value in enumerate(confidences)]


def _confidences(alternatives: tuple[Alternative, ...]) -> list[float]:
    return [alternative.confidence for alternative in alternatives]


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_no_two_documents_change_places(calibration: Calibration) -> None:
    draw = random.Random(1)
    raw = sorted([0.0, 1.0, 1e-300, 1.0 - 2**-53, *(draw.random() for _ in range(5000))])
    calibrated = [calibration(confidence) for confidence in raw]
    assert all(lower <= higher for lower, higher in pairwise(calibrated))
    assert all(0.0 <= confidence <= 1.0 for confidence in calibrated)


@pytest.mark.parametrize("calibration", [SOFTER, STEPS])
def test_different_confidences_stay_different(calibration: Calibration) -> None:
    raw = [number / 1000 for number in range(1001)]
    assert len({calibration(confidence) for confidence in raw}) == len(raw)


def test_no_certainty_survives_an_exaggerating_backend() -> None:
    assert 0.5 < SOFTER(1.0) < 0.95
    assert SOFTER(0.0) == pytest.approx(1.0 - SOFTER(1.0))
    assert SOFTER(0.5) == 0.5


def test_lines_join_the_fitted_points() -> None:
    assert [STEPS(raw) for raw in (0.0, 0.4, 0.8, 1.0)] == [0.1, 0.2, 0.7, 0.95]
    assert STEPS(0.6) == pytest.approx(0.45)


@pytest.mark.parametrize("calibration", [SOFTER, STEPS])
@pytest.mark.parametrize("confidence", [math.nan, -0.01, 1.01, math.inf, "0.5", None, True])
def test_what_is_no_confidence_is_refused(calibration: Calibration, confidence: Any) -> None:
    with pytest.raises(InvalidOptionError, match=r"between 0\.0 and 1\.0"):
        calibration(confidence)


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_a_calibration_survives_pickling_and_json(calibration: Calibration) -> None:
    assert pickle.loads(pickle.dumps(calibration)) == calibration
    restored = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))
    assert restored == calibration
    assert hash(restored) == hash(calibration)


def test_a_calibration_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        SOFTER.slope = 2.0  # type: ignore[misc] - what is tested


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"version": 2}, "version 1"),
        ({"version": None}, "version 1"),
        ({"kind": "magic"}, "'temperature' and 'isotonic'"),
        ({"kind": None}, "'temperature' and 'isotonic'"),
        ({"extra": 1}, "exactly: slope, intercept"),
        ({"kind": "isotonic"}, "exactly: points"),
        ({"slope": 0.0}, "slope"),
        ({"slope": -1.0}, "slope"),
        ({"slope": math.inf}, "slope"),
        ({"slope": "1"}, "slope"),
        ({"slope": True}, "slope"),
        ({"intercept": math.nan}, "intercept"),
        ({"intercept": None}, "intercept"),
    ],
)
def test_a_damaged_calibration_is_refused_by_what_is_wrong_with_it(change: dict[str, Any], finding: str) -> None:
    with pytest.raises(InvalidOptionError, match=finding):
        Calibration.from_dict(SOFTER.to_dict() | change)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [[0.0, 0.1]],
        [[0.0, 0.1], [0.9, 0.2]],
        [[0.1, 0.1], [1.0, 0.2]],
        [[0.0, 0.3], [1.0, 0.2]],
        [[0.0, 0.1], [0.5, 0.2], [0.5, 0.3], [1.0, 0.4]],
        [[0.0, 0.1], [1.0, 1.2]],
        [[0.0, 0.1], [1.0, math.nan]],
        [[0.0, 0.1, 0.2], [1.0, 0.2]],
        [0.0, 1.0],
        "0011",
        None,
    ],
)
def test_points_that_could_reorder_or_leave_a_gap_are_refused(points: Any) -> None:
    with pytest.raises(InvalidOptionError, match="point"):
        Calibration.from_dict({"version": 1, "kind": "isotonic", "points": points})


@pytest.mark.parametrize("data", [None, [], "temperature", 1])
def test_what_is_no_saved_calibration_is_refused(data: Any) -> None:
    with pytest.raises(InvalidOptionError, match="no saved calibration"):
        Calibration.from_dict(data)


def test_the_others_share_what_the_best_one_leaves_as_before() -> None:
    rescaled = SOFTER.rescaled(_alternatives(0.9, 0.06, 0.02))
    best, second, third = _confidences(rescaled)
    assert best == SOFTER(0.9) < 0.9
    assert second / (1.0 - best) == pytest.approx(0.6)
    assert third / (1.0 - best) == pytest.approx(0.2)
    assert [alternative.type for alternative in rescaled] == ["type-0", "type-1", "type-2"]


def test_the_best_one_stays_the_best_when_it_loses_most_of_its_confidence() -> None:
    much_lower = TemperatureCalibration(slope=1.0, intercept=-3.0)
    best, second, third = _confidences(much_lower.rescaled(_alternatives(0.6, 0.3, 0.1)))
    assert best == much_lower(0.6) < 0.1
    assert second == pytest.approx(best)
    assert third == pytest.approx(best / 3)


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_alternatives_stay_probabilities_in_the_same_order(calibration: Calibration) -> None:
    draw = random.Random(2)
    for _ in range(300):
        weights = sorted((draw.random() ** draw.choice([1, 4, 20]) for _ in range(draw.randint(1, 6))), reverse=True)
        scale = draw.choice([1.0, 0.7]) / sum(weights)
        rescaled = _confidences(calibration.rescaled(_alternatives(*(min(weight * scale, 1.0) for weight in weights))))
        assert math.fsum(rescaled) <= 1.0 + 1e-12
        assert all(higher >= lower for higher, lower in pairwise(rescaled))


@pytest.mark.parametrize("confidences", [(), (1.0,), (0.0, 0.0), (1.0, 0.0), (0.5, 0.5), (0.9, 0.9)])
def test_alternatives_at_the_extremes_are_rescaled_too(confidences: tuple[float, ...]) -> None:
    rescaled = _confidences(SOFTER.rescaled(_alternatives(*confidences)))
    assert len(rescaled) == len(confidences)
    assert math.fsum(rescaled) <= 1.0 + 1e-12
    assert rescaled[:1] == [SOFTER(confidence) for confidence in confidences[:1]]
