from __future__ import annotations

import statistics

import pytest

from classify_core.checks import LONGEST_SECONDS
from classify_core.errors import InvalidOptionError
from classify_core.server.simulation.durations import JobSeconds


def test_a_job_takes_the_same_time_in_each_run_and_another_one_another() -> None:
    seconds = JobSeconds(2.0, 0.5)

    assert seconds.seconds_of(7, 1) == seconds.seconds_of(7, 1)
    assert len({seconds.seconds_of(seed, number) for seed in (7, 8) for number in (1, 2, 3)}) == 6


def test_half_of_the_jobs_take_longer_than_the_median_and_the_logarithm_has_the_sigma() -> None:
    drawn = [JobSeconds(2.0, 0.5).seconds_of(7, number) for number in range(4_000)]
    median, upper = statistics.quantiles(drawn, n=100)[49], statistics.quantiles(drawn, n=1000)[840]

    assert median == pytest.approx(2.0, rel=0.05)
    assert upper / median == pytest.approx(2.718**0.5, rel=0.08)


def test_without_a_sigma_each_job_takes_the_median() -> None:
    assert {JobSeconds(1.5).seconds_of(7, number) for number in range(50)} == {1.5}


def test_no_job_takes_longer_than_can_be_waited_for() -> None:
    drawn = [JobSeconds(LONGEST_SECONDS, 5.0).seconds_of(7, number) for number in range(50)]

    assert max(drawn) == LONGEST_SECONDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2", JobSeconds(2.0)), ("0", JobSeconds(0.0)), ("2,0.5", JobSeconds(2.0, 0.5)), ("1.5, 0", JobSeconds(1.5))],
)
def test_durations_are_read_as_median_and_sigma(text: str, expected: JobSeconds) -> None:
    assert JobSeconds.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "a", "1,", "1,2,3", ",1", "-1", "1,-1", "nan", "inf", "1,nan", "1,inf", "1,9", "1e9"]
)
def test_durations_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(InvalidOptionError, match=r"job seconds (are|is) .*; give "):
        JobSeconds.parse(text)
