"""When the watcher looks: the promises of many requests and of little time, on a clock that takes none."""

from __future__ import annotations

import statistics

import pytest

from classify_core.hosted.watching.schedule import LookBudget
from tests.hosted.watching.runs import free_plan_run, paced_run, run_of, steady_run
from tests.hosted.watching.simulation import ROUND_TRIP, budget, durations

SEEDS = range(30)


def test_a_paced_run_of_200_documents_costs_at_most_10_looks_and_8_percent_of_time() -> None:
    stories = [paced_run(seed) for seed in SEEDS]
    assert max(len(story.service.looks) for story in stories) <= 10
    shares = [story.last_known / story.last_end for story in stories]
    assert statistics.median(shares) <= 1.04
    assert max(shares) <= 1.08


@pytest.mark.parametrize("count", [100, 1000])
def test_a_run_of_100_documents_and_more_costs_a_twentieth_of_a_look_each(count: int) -> None:
    looks = [len(paced_run(seed, count).service.looks) for seed in range(6)]
    assert statistics.mean(looks) <= 0.05 * count
    assert max(looks) <= 0.05 * count + 1  # where one job takes far longer than all others


def test_an_iterable_of_unknown_size_costs_what_a_small_run_may_and_then_as_little_as_a_large_one() -> None:
    first, whole = (len(paced_run(1, count, is_size_known=False).service.looks) for count in (99, 1000))
    assert whole - first <= 0.05 * 1000


@pytest.mark.parametrize("count", [1, 5, 50, 99])
@pytest.mark.parametrize("median", [0.0, 0.3, 2.0, 30.0])
def test_each_job_of_a_small_run_is_known_a_tenth_of_its_time_after_its_end(count: int, median: float) -> None:
    for seed in range(3):
        story = run_of(count, durations(seed, median, 0.35), pause=1 / 40)
        assert all(lag <= max(0.15, 0.1 * took) + 2 * ROUND_TRIP for took, lag in story.lags)


def test_a_lone_job_that_is_ready_at_once_costs_one_look() -> None:
    story = run_of(1, lambda: 0.0, pause=0.0)
    assert len(story.service.looks) == 1
    assert story.last_known <= 0.15


def test_small_runs_share_their_looks() -> None:
    story = run_of(99, durations(1, 2.0, 0.35), pause=1 / 40)
    assert len(story.service.looks) <= 45  # alone each of them costs about 20


def test_500_single_document_runs_cost_5_requests_a_round() -> None:
    story = steady_run(500, durations(1, 2.0, 0.35), pause=0.0, budgets=lambda: budget(1))
    assert len(story.service.looks) <= 5 * 25
    assert all(lag <= max(0.15, 0.1 * took) + 2 * ROUND_TRIP for took, lag in story.lags)


def test_2000_quick_jobs_at_60_a_second_cost_100_looks_and_their_end_is_noticed_at_once() -> None:
    for seed in range(3):
        story = run_of(2000, durations(seed, 0.3, 0.1), pause=1 / 60)
        assert len(story.service.looks) <= 100
        assert story.last_known - story.last_end <= 0.3


def test_the_free_plan_needs_2_4_requests_a_document_and_the_possible_time() -> None:
    stories = [free_plan_run(seed) for seed in SEEDS]
    assert max(requests for _, requests in stories) <= 2.4 * 20
    assert max(story.last_known for story, _ in stories) <= 1.05 * 122
    assert statistics.median(story.last_known for story, _ in stories) <= 123


def test_jobs_far_shorter_than_the_first_guess_do_not_wait_for_it() -> None:
    story = run_of(200, durations(1, 0.1, 0.35), pause=0.0)
    assert story.last_known <= 1.2


def test_jobs_far_longer_than_any_seen_before_do_not_use_up_the_looks() -> None:
    for seed in range(3):
        story = run_of(200, durations(seed, 60.0, 0.35), pause=1 / 40)
        assert len(story.service.looks) <= 12
        assert story.last_known <= 1.1 * story.last_end


def test_a_run_whose_documents_are_one_job_does_not_wait_for_the_others() -> None:
    told = run_of(1000, lambda: 2.0, pause=0.0, begun=1000)
    assert told.last_known <= 2.5
    shared = budget(1000)
    silent = steady_run(1, lambda: 2.0, pause=0.0, budgets=lambda: shared)
    assert silent.last_known <= 7.0


def test_a_run_that_fetches_no_more_until_its_one_job_has_ended_does_not_wait_for_more_jobs() -> None:
    starved = budget(1000)
    starved[0].fetched = starved[0].begun = 33  # as many as may be held at once, all equal
    story = steady_run(1, lambda: 2.0, pause=0.0, budgets=lambda: starved)
    assert story.last_known <= 2.5
    assert len(story.service.looks) <= 0.05 * 1000


def test_a_run_that_waits_for_its_results_before_it_goes_on_is_not_kept_waiting_for_ever() -> None:
    story = run_of(150, lambda: 2.0, pause=20.0)
    assert max(lag for _, lag in story.lags) <= 31.0
    assert len(story.service.looks) <= 0.05 * 150 + 150 * 20 / 30


def test_a_budget_does_not_keep_its_run_alive() -> None:
    run, looks = budget(7)
    assert looks.is_prompt
    del run
    assert looks.is_prompt  # what was known last still holds


@pytest.mark.parametrize(("expected", "begun"), [(1, 0), (99, 99), (None, 99)])
def test_a_small_run_is_looked_at_as_often_as_it_takes(expected: int | None, begun: int) -> None:
    assert _after(begun, expected).is_prompt


@pytest.mark.parametrize(("expected", "begun"), [(100, 0), (None, 100)])
def test_a_large_run_is_not(expected: int | None, begun: int) -> None:
    assert not _after(begun, expected).is_prompt


def test_nor_is_any_run_on_a_plan_that_counts_looks() -> None:
    assert not _after(0, 1, counted=True).is_prompt


def _after(begun: int, expected: int | None, **options: bool) -> LookBudget:
    looks = budget(expected, **options)[1]
    for _ in range(begun):
        looks.begin(0.0)
    return looks
