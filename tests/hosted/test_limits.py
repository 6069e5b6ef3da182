from __future__ import annotations

from typing import Any

import pytest

from classify_core import HostedBackend, InvalidOptionError, RateLimits
from classify_core.limits import PLANS, limits_of


@pytest.mark.parametrize(("plan", "jobs"), [(None, None), ("free", 5), ("pro", 20), ("enterprise", 100)])
def test_plans_are_known_by_name(plan: str | None, jobs: int | None) -> None:
    assert limits_of(plan).concurrent_jobs == jobs  # type: ignore[arg-type]  # the names are tested


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="free, pro, enterprise"):
        limits_of("gold")  # type: ignore[arg-type]  # what is tested


def test_a_plans_limits_are_public() -> None:
    assert RateLimits.of("pro") == PLANS["pro"]
    assert RateLimits.of(None) == RateLimits()
    assert RateLimits.of(RateLimits(creates_per_second=1)) == RateLimits(creates_per_second=1)
    with pytest.raises(InvalidOptionError, match="free, pro, enterprise"):
        RateLimits.of("gold")  # type: ignore[arg-type]  # what is tested


def test_each_worker_gets_a_whole_and_equal_share() -> None:
    share = RateLimits.of("pro").divided(3)
    assert share == RateLimits(creates_per_second=13, uploads_per_5_seconds=16, concurrent_jobs=6)
    assert HostedBackend(api_key="llx-one", plan=share).default_concurrency == 6


def test_what_has_no_limit_has_none_in_the_share() -> None:
    none = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
    assert none.divided(1000) == none


def test_more_workers_than_the_limits_allow_are_told_how_many_there_may_be() -> None:
    with pytest.raises(InvalidOptionError, match="concurrent_jobs=5 allows at most 5 workers, not 6"):
        RateLimits.of("free").divided(6)
    assert RateLimits.of("free").divided(5).concurrent_jobs == 1


@pytest.mark.parametrize("by", [0, -1, 1.5, True, "2", None])
def test_workers_are_a_count(by: Any) -> None:
    with pytest.raises(InvalidOptionError, match="by is"):
        RateLimits().divided(by)


def test_shares_are_never_more_than_the_whole_and_never_nothing() -> None:
    for workers in range(1, 41):
        share, whole = RateLimits().divided(workers).model_dump(), RateLimits().model_dump()
        assert all(share[name] >= 1 and share[name] * workers <= limit for name, limit in whole.items() if limit)
