from __future__ import annotations

import asyncio
import multiprocessing
import os
from typing import Any

import pytest

from classify_core import RateLimits
from classify_core.api.calls_files import get_file, upload_file
from classify_core.api.calls_jobs import create_job, get_job
from classify_core.api.calls_v1 import create_job as create_v1_job
from classify_core.api.clock import Clock
from classify_core.api.flow import TooLateError
from classify_core.hosted.pacer import Pacer, shared_pacer
from classify_core.hosted.pacing import PacedClient
from classify_core.limits import Plan, limits_of
from classify_core.models import Rule
from tests.clocks import QuickClock
from tests.hosted.simulation import most_in

RULES = [Rule(type="invoice", description="has an invoice number")]
CREATE = create_job("dfl-1", configuration_id="cfg-1")
V1_CREATE = create_v1_job(["dfl-1"], rules=RULES)
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


def test_creates_and_uploads_keep_their_published_rates() -> None:
    creates = _moments(RateLimits(), [CREATE] * 200)
    assert most_in(creates, 1.0) == 40
    assert creates[-1] < 4.5
    assert most_in(_moments(RateLimits(), [UPLOAD] * 120), 5.0) == 50


def test_creates_of_both_versions_of_the_api_are_counted_together() -> None:
    assert most_in(_moments(RateLimits(), [CREATE, V1_CREATE] * 60), 1.0) == 40


def test_a_plan_that_counts_every_request_paces_looks_too() -> None:
    moments = _moments(limits_of("free"), [UPLOAD, CREATE, LOOK, LOOK] * 15)
    assert most_in(moments, 60.0) == 20


def test_without_such_a_limit_looks_are_not_held_back() -> None:
    assert _moments(RateLimits(), [LOOK, get_file("dfl-1")] * 500)[-1] == 0.0


def test_no_limit_is_no_pacing() -> None:
    none = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
    assert _moments(none, [CREATE, UPLOAD] * 500)[-1] == 0.0


def _idle_client(plan: Plan | RateLimits | None = None, **options: Any) -> PacedClient:
    return PacedClient(limits=limits_of(plan), clock=Clock(), **{"api_key": "llx-one", "base_url": "eu", **options})


def test_all_clients_of_an_account_in_a_process_are_paced_together() -> None:
    clients = [_idle_client(), _idle_client(), _idle_client(api_key="llx-two"), _idle_client(base_url="us")]
    pacers = [client.pacer for client in clients]
    assert pacers[0] is pacers[1]
    assert len({id(pacer) for pacer in pacers}) == 3


def test_plans_that_differ_in_jobs_alone_are_paced_together() -> None:
    clients = [_idle_client(plan) for plan in (None, "pro", "enterprise")]
    assert len({id(client.pacer) for client in clients}) == 1


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
                await pacer.admit(LOOK, latest=5.0)
        await pacer.admit(LOOK)
        return [*moments, clock.time]

    assert asyncio.run(scenario()) == [0.0, 0.0, pytest.approx(60.05)]


def test_accounts_are_told_apart_by_project_and_tell_no_key() -> None:
    clients = [_idle_client(), _idle_client(), _idle_client(project_id="p"), _idle_client(api_key="llx-two")]
    accounts = [client.account for client in clients]
    assert accounts[0] == accounts[1]
    assert len(set(accounts)) == 3
    assert not any("llx" in account for account in accounts)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_begins_with_windows_of_its_own() -> None:
    clock = QuickClock()
    pacer = shared_pacer("forked", RateLimits(requests_per_minute=1), clock)

    async def wait_and_fork() -> int | None:
        await pacer.admit(LOOK)
        pacer.refused(0.0, 60.0)
        child = multiprocessing.get_context("fork").Process(target=admit_in_child)
        child.start()
        await asyncio.to_thread(child.join, 20.0)
        code = child.exitcode
        child.kill()
        return code

    def admit_in_child() -> None:
        asyncio._set_running_loop(None)
        admission = asyncio.new_event_loop().run_until_complete(pacer.admit(LOOK))
        os._exit(0 if admission.waited == 0 else 1)

    assert asyncio.run(wait_and_fork()) == 0
    assert shared_pacer("forked", RateLimits(requests_per_minute=1), clock) is pacer


def test_another_loop_keeps_to_what_was_sent_on_the_first() -> None:
    clock = QuickClock()
    pacer = Pacer(RateLimits(requests_per_minute=1), clock)
    moments = [asyncio.run(pacer.admit(LOOK)).moment for _ in range(3)]
    assert moments == [0.0, pytest.approx(60.05), pytest.approx(120.1)]


def test_a_pacer_tells_no_key() -> None:
    client = _idle_client(api_key="llx-secret-0123")
    assert "llx-secret" not in f"{client!r} {client.pacer!r} {vars(client.pacer)} {client.account}"
