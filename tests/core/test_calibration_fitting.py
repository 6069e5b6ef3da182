"""On simulated classifiers, of whose confidences the truth is known."""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from statistics import fmean
from typing import Any, TypeAlias

import pytest

from classify_core import InvalidOptionError, MissingExtraError
from classify_core.calibration import IsotonicCalibration, TemperatureCalibration, fit
from classify_core.calibration.measures import expected_calibration_error, log_loss
from classify_core.errors import TooFewLabelsError

Pairs: TypeAlias = list[tuple[float, bool]]
Draw: TypeAlias = Callable[[random.Random], tuple[float, float]]


def _sigmoid(odds: float) -> float:
    return 1.0 / (1.0 + math.exp(-odds))


def _exaggerating(draw: random.Random) -> tuple[float, float]:
    odds = draw.gauss(2.5, 2.0)
    return _sigmoid(odds), _sigmoid(0.45 * odds)


def _modest(draw: random.Random) -> tuple[float, float]:
    odds = draw.gauss(0.6, 0.6)
    return _sigmoid(odds), _sigmoid(2.5 * odds + 0.8)


def _modest_and_nearly_always_right(draw: random.Random) -> tuple[float, float]:
    odds = draw.gauss(1.5, 0.8)
    return _sigmoid(odds), _sigmoid(1.5 * odds + 2.0)


def _of_few_values(draw: random.Random) -> tuple[float, float]:
    return draw.choice([(0.8, 0.55), (0.9, 0.7), (0.95, 0.8), (0.98, 0.88), (1.0, 0.92)])


def _honest(draw: random.Random) -> tuple[float, float]:
    confidence = _sigmoid(draw.gauss(2.0, 1.2))
    return confidence, confidence


def _saying_nothing(draw: random.Random) -> tuple[float, float]:
    return draw.uniform(0.5, 1.0), 0.7


def _stepping(draw: random.Random) -> tuple[float, float]:
    confidence = draw.random()
    return confidence, 0.1 if confidence < 0.3 else 0.5 if confidence < 0.7 else 0.95


def _documents(classifier: Draw, count: int, seed: int) -> Pairs:
    draw = random.Random(seed)
    drawn = [classifier(draw) for _ in range(count)]
    return [(confidence, draw.random() < truth) for confidence, truth in drawn]


def _error(pairs: Pairs, calibration: Callable[[float], float] = float) -> float:
    confidences, right = zip(*pairs, strict=True)
    return expected_calibration_error([calibration(confidence) for confidence in confidences], right)


@pytest.mark.parametrize("classifier", [_exaggerating, _modest, _of_few_values, _saying_nothing])
def test_fifty_labelled_documents_take_two_fifths_of_the_error_and_more_from_fresh_ones(classifier: Draw) -> None:
    fresh = _documents(classifier, 4000, seed=-1)
    after = [_error(fresh, fit(_documents(classifier, 50, seed)).calibration) for seed in range(20)]
    assert fmean(after) < 0.6 * _error(fresh)


def test_one_mistake_in_fifty_is_enough_to_improve() -> None:
    fresh = _documents(_modest_and_nearly_always_right, 4000, seed=-1)
    samples = [_documents(_modest_and_nearly_always_right, 50, seed) for seed in range(40)]
    with_one = [sample for sample in samples if sum(not is_right for _, is_right in sample) == 1]
    assert len(with_one) > 5
    assert max(_error(fresh, fit(sample).calibration) for sample in with_one) < 0.3 * _error(fresh)


def test_fifty_labels_do_little_harm_where_the_confidence_is_honest() -> None:
    fresh = _documents(_honest, 4000, seed=-1)
    after = [_error(fresh, fit(_documents(_honest, 50, seed)).calibration) for seed in range(20)]
    assert fmean(after) < 0.06


def test_many_labels_find_the_truth() -> None:
    calibration = fit(_documents(_exaggerating, 5000, seed=1), method="temperature").calibration
    for odds in (-1.0, 0.0, 1.0, 2.0, 3.0):
        assert calibration(_sigmoid(odds)) == pytest.approx(_sigmoid(0.45 * odds), abs=0.04)


def test_what_was_never_wrong_is_not_promised_to_be_always_right() -> None:
    pairs = [(0.9 + number / 1000, True) for number in range(50)] + [(0.2, False)]
    calibration = fit(pairs).calibration
    assert 0.9 < calibration(0.949) < 0.995


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_confidences_that_mislead_keep_their_order_and_tell_the_share_right(method: Any) -> None:
    pairs = [(0.9, number % 2 == 0) for number in range(40)] + [(0.1, number % 10 != 0) for number in range(40)]
    calibration = fit(pairs, method=method).calibration
    assert 0.6 < calibration(0.1) < calibration(0.9) < 0.8


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_the_order_of_the_documents_does_not_matter(method: Any) -> None:
    pairs = _documents(_exaggerating, 120, seed=4)
    shuffled = pairs.copy()
    random.Random(5).shuffle(shuffled)
    assert fit(iter(shuffled), method=method) == fit(pairs, method=method)


def test_a_form_that_is_no_sigmoid_is_found_in_many_documents() -> None:
    fitted = fit(_documents(_stepping, 2000, seed=6))
    assert isinstance(fitted.calibration, IsotonicCalibration)
    assert fitted.report.method == "isotonic"
    assert fitted.report.compared == ("temperature", "isotonic")
    for raw, truth in ((0.1, 0.1), (0.5, 0.5), (0.9, 0.95)):
        assert fitted.calibration(raw) == pytest.approx(truth, abs=0.08)


def test_the_simpler_method_is_kept_where_the_other_does_not_predict_better() -> None:
    report = fit(_documents(_exaggerating, 1000, seed=7)).report
    assert (report.method, report.compared) == ("temperature", ("temperature", "isotonic"))


def test_few_documents_are_not_tried_with_what_overfits_them() -> None:
    report = fit(_documents(_stepping, 999, seed=6)).report
    assert (report.method, report.compared) == ("temperature", ("temperature",))


def test_isotonic_calibration_makes_few_ties() -> None:
    calibration = fit(_documents(_stepping, 300, seed=8), method="isotonic").calibration
    raw = [number / 500 for number in range(501)]
    calibrated = [calibration(confidence) for confidence in raw]
    assert calibrated == sorted(calibrated)
    assert len(set(calibrated)) == len(raw)
    assert 0.0 < calibrated[0] < calibrated[-1] < 1.0


@pytest.mark.parametrize("method", ["temperature", "isotonic"])
def test_one_and_the_same_confidence_becomes_the_share_right(method: Any) -> None:
    calibration = fit([(1.0, number < 60) for number in range(80)], method=method).calibration
    assert calibration(1.0) == pytest.approx(0.75, abs=0.03)


def test_confidences_apart_by_rounding_alone_are_one_step() -> None:
    noisy = [(0.3 + number % 3 * 2**-54, number % 4 == 0) for number in range(60)]
    calibration = fit([*noisy, *((0.8, True) for _ in range(20))], method="isotonic").calibration
    assert calibration(0.3) == pytest.approx(0.25, abs=0.05)


def test_the_report_compares_before_with_what_fresh_documents_will_show() -> None:
    pairs = _documents(_exaggerating, 300, seed=9)
    fresh = _documents(_exaggerating, 4000, seed=10)
    calibration, report = fit(pairs)
    assert (report.documents, report.right) == (300, sum(is_right for _, is_right in pairs))
    assert report.before.expected_calibration_error == pytest.approx(_error(pairs))
    assert report.after.log_loss < report.before.log_loss
    assert report.after.brier_score < report.before.brier_score
    confidences, right = zip(*fresh, strict=True)
    assert report.after.log_loss == pytest.approx(log_loss([calibration(raw) for raw in confidences], right), abs=0.06)


def test_the_report_is_not_flattered_by_the_documents_it_was_learned_from() -> None:
    told, flattered = [], []
    for seed in range(10):
        pairs = _documents(_saying_nothing, 60, seed)
        calibration, report = fit(pairs, method="isotonic")
        confidences, right = zip(*pairs, strict=True)
        told.append(report.after.log_loss)
        flattered.append(log_loss([calibration(raw) for raw in confidences], right))
    assert fmean(told) > fmean(flattered) + 0.02


def test_the_report_is_one_line_for_a_table() -> None:
    line = str(fit(_documents(_exaggerating, 60, seed=12)).report)
    assert line.startswith("temperature | ")
    assert "of 60 right | ECE 0." in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("right", "wrong", "findings"),
    [
        (0, 0, ["there are 0", "50 more documents", "1 more that is classified right", "1 more that is classified"]),
        (30, 2, ["there are 32", "30 of them classified right and 2 wrong", "18 more documents"]),
        (60, 0, ["there are 60", "1 more that is classified wrong"]),
        (0, 50, ["there are 50", "1 more that is classified right"]),
    ],
)
def test_thin_data_are_refused_with_what_is_missing(right: int, wrong: int, findings: list[str]) -> None:
    pairs = [(0.8, True)] * right + [(0.6, False)] * wrong
    with pytest.raises(TooFewLabelsError) as raised:
        fit(pairs)
    assert all(finding in str(raised.value) for finding in findings)
    assert (raised.value.documents, raised.value.right) == (right + wrong, right)


def test_fifty_documents_with_one_mistake_are_not_too_few() -> None:
    assert fit([(0.8, True)] * 49 + [(0.6, False)]).report.documents == 50


@pytest.mark.parametrize(
    "pair", [(math.nan, True), (1.2, True), ("0.5", True), (0.5, 1), (0.5, "invoice"), (0.5, None)]
)
def test_what_is_no_confidence_with_an_outcome_is_refused(pair: Any) -> None:
    with pytest.raises(InvalidOptionError):
        fit([*_documents(_exaggerating, 60, seed=13), pair])


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match='"auto", "temperature" or "isotonic"'):
        fit(_documents(_exaggerating, 60, seed=13), method="beta")  # type: ignore[arg-type] - what is tested


def test_without_scikit_learn_temperature_is_learned_and_isotonic_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.isotonic", None)
    fitted = fit(_documents(_stepping, 1200, seed=6))
    assert isinstance(fitted.calibration, TemperatureCalibration)
    assert fitted.report.compared == ("temperature",)
    with pytest.raises(MissingExtraError, match=r"classify-adapters\[local\]"):
        fit(_documents(_stepping, 60, seed=6), method="isotonic")
