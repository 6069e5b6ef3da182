from __future__ import annotations

import asyncio

import pytest

from classify_core import HostedBackend, InvalidOptionError, RateLimits
from classify_core.api.calls_files import get_file, upload_file
from classify_core.api.calls_jobs import create_job, get_job
from classify_core.api.flow import TooLateError
from classify_core.hosted.pacing import Pacer
from classify_core.limits import limits_of
from tests.clocks import QuickClock

CREATE = create_job("dfl-1", configuration_id="cfg-1")
UPLOAD = upload_file(b"x", name="a.txt")
LOOK = get_job("job-1")


def _moments(limits: RateLimits, calls: list[object]) -> list[float]:
    clock = QuickClock()
    pacer = Pacer(limits, clock)

    async def admit_all() -> list[float]:
        moments = []
        for call in calls:
            await pacer.admit(call)  # type: ignore[arg-type]  # calls of different results
            moments.append(clock.time)
        return moments

    return asyncio.run(admit_all())


def _most_in(moments: list[float], seconds: float) -> int:
    return max(sum(begin <= moment < begin + seconds for moment in moments) for begin in moments)


def test_creates_and_uploads_keep_their_published_rates() -> None:
    creates = _moments(RateLimits(), [CREATE] * 200)
    assert _most_in(creates, 1.0) == 40
    assert creates[-1] < 4.5
    assert _most_in(_moments(RateLimits(), [UPLOAD] * 120), 5.0) == 50


def test_a_plan_that_counts_every_request_paces_looks_too() -> None:
    moments = _moments(limits_of("free"), [UPLOAD, CREATE, LOOK, LOOK] * 15)
    assert _most_in(moments, 60.0) == 20


def test_without_such_a_limit_looks_are_not_held_back() -> None:
    assert _moments(RateLimits(), [LOOK, get_file("dfl-1")] * 500)[-1] == 0.0


def test_no_limit_is_no_pacing() -> None:
    none = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
    assert _moments(none, [CREATE, UPLOAD] * 500)[-1] == 0.0


@pytest.mark.parametrize(("plan", "jobs"), [(None, None), ("free", 5), ("pro", 20), ("enterprise", 100)])
def test_plans_are_known_by_name(plan: str | None, jobs: int | None) -> None:
    assert limits_of(plan).concurrent_jobs == jobs  # type: ignore[arg-type]  # the names are tested


def test_an_unknown_plan_is_refused() -> None:
    with pytest.raises(InvalidOptionError, match="free, pro, enterprise"):
        limits_of("gold")  # type: ignore[arg-type]  # what is tested


def test_all_clients_of_an_account_in_a_process_are_paced_together() -> None:
    limits = RateLimits(creates_per_second=2)
    first = HostedBackend(api_key="llx-one", base_url="eu", plan=limits)
    second = HostedBackend(api_key="llx-one", base_url="eu", plan=limits)
    other = HostedBackend(api_key="llx-two", base_url="eu", plan=limits)
    elsewhere = HostedBackend(api_key="llx-one", base_url="us", plan=limits)
    pacers = [backend._client._pacer for backend in (first, second, other, elsewhere)]
    assert pacers[0] is pacers[1]
    assert len({id(pacer) for pacer in pacers}) == 3
    assert "llx" not in repr(vars(pacers[0]))


def test_a_request_that_is_never_sent_takes_no_place() -> None:
    async def scenario() -> list[float]:
        clock = QuickClock()
        pacer = Pacer(RateLimits(requests_per_minute=2), clock)
        moments = []
        for _ in range(2):
            await pacer.admit(LOOK)
            moments.append(clock.time)
        for _ in range(50):
            with pytest.raises(TooLateError):
                await pacer.admit(LOOK, 5.0)
        await pacer.admit(LOOK)
        return [*moments, clock.time]

    assert asyncio.run(scenario()) == [0.0, 0.0, pytest.approx(60.05)]


def test_plans_that_differ_in_jobs_alone_are_paced_together() -> None:
    backends = [HostedBackend(api_key="llx-one", base_url="eu", plan=plan) for plan in (None, "pro", "enterprise")]
    assert len({id(backend._client._pacer) for backend in backends}) == 1
