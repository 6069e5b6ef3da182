from __future__ import annotations

import random

import pytest

from classify_core.hosted.watching.durations import Durations


def _learned(median: float, sigma: float, count: int = 300) -> Durations:
    durations, drawn = Durations(), random.Random(1)
    for _ in range(count):
        durations.learn(median * drawn.lognormvariate(0.0, sigma))
    return durations


@pytest.mark.parametrize(("median", "sigma"), [(0.3, 0.2), (2.0, 0.35), (60.0, 0.8)])
def test_what_was_seen_is_learned(median: float, sigma: float) -> None:
    durations = _learned(median, sigma)
    assert durations.median == pytest.approx(median, rel=0.15)
    assert durations.sigma == pytest.approx(sigma, abs=0.15)


def test_before_anything_was_seen_a_job_may_take_a_moment_or_a_quarter_of_a_minute() -> None:
    durations = Durations()
    assert durations.median == pytest.approx(2.0)
    assert durations.probability_done(0.3) > 0.02
    assert durations.probability_done(15.0) < 0.99


def test_a_service_that_slows_down_is_followed() -> None:
    durations = _learned(1.0, 0.2)
    for _ in range(300):
        durations.learn(9.0)
    assert durations.median == pytest.approx(9.0, rel=0.1)


def test_a_job_seen_open_is_likelier_to_end_later_than_one_not_looked_at() -> None:
    durations = _learned(2.0, 0.35)
    assert durations.probability_done(2.5, 2.0) < durations.probability_done(2.5)
    assert durations.probability_done(2.0, 2.0) == 0.0
    ages = [0.5 * step for step in range(1, 400)]
    likely = [durations.probability_done(age, 1.0) for age in ages]
    assert likely == sorted(likely)
    assert 0.0 <= likely[0] <= likely[-1] <= 1.0


@pytest.mark.parametrize("open_at", [60.0, 6e3, 6e7, 6e30])
def test_a_job_that_takes_far_longer_than_any_other_is_still_worth_a_look(open_at: float) -> None:
    durations = _learned(2.0, 0.1)
    assert 0.2 < durations.probability_done(3 * open_at, open_at) <= 1.0


def test_jobs_that_take_no_time_at_all_are_understood() -> None:
    durations = Durations()
    for _ in range(300):
        durations.learn(0.0)
    assert durations.median < 0.02
    assert durations.probability_done(0.05) > 0.9


def test_while_none_has_ended_jobs_seen_open_are_believed_to_take_longer() -> None:
    durations = Durations()
    durations.learn_open(30.0)
    assert durations.median == pytest.approx(60.0)
    for _ in range(50):
        durations.learn(40.0)
    durations.learn_open(900.0)
    assert durations.median == pytest.approx(40.0, rel=0.1)
