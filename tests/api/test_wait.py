from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

from classify_core.api import AsyncClassifyClient
from classify_core.api.waiting import FAILURE_CODES, LONGEST_INTERVAL
from classify_core.errors import (
    ClassifyTimeoutError,
    InvalidOptionError,
    InvalidResponseError,
    JobCancelledError,
    JobFailedError,
    PermissionDeniedError,
    ServerError,
    UnknownStatusError,
)
from classify_core.models import JobStatus
from tests.api.driver import Driver, StillClock
from tests.service import ClassifyService

LOOKS = "GET /api/v2/classify/*"


def test_a_job_that_is_done_is_looked_at_once_and_not_slept_for(
    api: Driver, service: ClassifyService, clock: StillClock
) -> None:
    done = api(api.client.jobs.wait, api.job())

    assert done.status is JobStatus.COMPLETED
    assert done.result.type == "invoice"
    assert len(service.requests_to(LOOKS)) == 1
    assert clock.pauses == []


def test_a_job_that_is_known_to_be_done_costs_no_request(api: Driver, service: ClassifyService) -> None:
    done = api(api.client.jobs.wait, api.job())
    before = len(service.requests)

    assert api(api.client.jobs.wait, done) is done
    assert len(service.requests) == before


def test_a_job_known_to_have_failed_raises_without_a_request(api: Driver, service: ClassifyService) -> None:
    service.outcome_for("*", status="FAILED")
    job = api.job()
    failed = api(api.client.jobs.get, job.id)
    before = len(service.requests)

    with pytest.raises(JobFailedError):
        api(api.client.jobs.wait, failed)
    assert len(service.requests) == before


def test_pauses_grow_up_to_a_bound_while_a_job_runs(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.outcome_for("*", looks_until_done=15)
    clock.share = 0.0
    api(api.client.jobs.wait, api.job())

    assert len(clock.pauses) == 14
    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[0] < 0.5
    assert clock.pauses[-1] == LONGEST_INTERVAL


def test_jitter_makes_pauses_shorter_never_longer(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.outcome_for("*", looks_until_done=2)
    clock.share = 0.0
    api(api.client.jobs.wait, api.job())
    clock.share = 1.0
    api(api.client.jobs.wait, api.job())

    plain, jittered = clock.pauses
    assert 0.5 * plain < jittered < plain


def test_an_explicit_interval_wins(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.outcome_for("*", looks_until_done=4)
    api(api.client.jobs.wait, api.job(), poll_interval=7.0)

    assert clock.pauses == [7.0, 7.0, 7.0]


@pytest.mark.parametrize("code", FAILURE_CODES)
def test_a_failed_job_raises_with_the_code_its_message_begins_with(
    api: Driver, service: ClassifyService, code: str
) -> None:
    service.outcome_for("*", status="FAILED", error_message=f"{code}: page 3")
    job = api.job()

    with pytest.raises(JobFailedError, match=code) as failed:
        api(api.client.jobs.wait, job)
    assert failed.value.code == code
    assert failed.value.job_id == job.id


@pytest.mark.parametrize("message", ["it broke", "TIMEOUTS happen", "no PDF_IS_BROKEN here", None])
def test_a_failure_without_a_published_code_has_none(
    api: Driver, service: ClassifyService, message: str | None
) -> None:
    service.outcome_for("*", status="FAILED", error_message=message)

    with pytest.raises(JobFailedError) as failed:
        api(api.client.jobs.wait, api.job())
    assert failed.value.code is None


def test_a_cancelled_job_is_not_a_failed_one(api: Driver, service: ClassifyService) -> None:
    service.outcome_for("*", status="CANCELLED")
    job = api.job()

    with pytest.raises(JobCancelledError) as cancelled:
        api(api.client.jobs.wait, job)
    assert cancelled.value.job_id == job.id


def test_a_job_that_never_ends_is_too_late_at_its_deadline_and_not_after(
    api: Driver, service: ClassifyService, clock: StillClock
) -> None:
    service.outcome_for("*", status="RUNNING")
    job = api.job()

    with pytest.raises(ClassifyTimeoutError, match="10 s") as late:
        api(api.client.jobs.wait, job, timeout=10.0, poll_interval=4.0)
    assert clock.pauses == [4.0, 4.0, 2.0]
    assert (late.value.job_id, late.value.timeout) == (job.id, 10.0)


def test_no_time_at_all_means_one_look(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    assert api(api.client.jobs.wait, api.job(), timeout=0).result is not None
    service.outcome_for("*", status="RUNNING")
    job = api.job()
    before = len(service.requests)

    with pytest.raises(ClassifyTimeoutError):
        api(api.client.jobs.wait, job, timeout=0)
    assert len(service.requests) - before == 1
    assert clock.pauses == []


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": -1},
        {"timeout": None},
        {"timeout": "1"},
        {"timeout": math.nan},
        {"timeout": math.inf},
        {"poll_interval": 0},
    ],
)
def test_a_wait_without_an_end_is_refused(api: Driver, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError):
        api(api.client.jobs.wait, "job", **options)


def test_an_unknown_status_is_an_error_that_names_it(api: Driver, service: ClassifyService) -> None:
    service.outcome_for("*", status="HIBERNATING")
    job = api.job()

    with pytest.raises(UnknownStatusError, match="HIBERNATING") as unknown:
        api(api.client.jobs.wait, job)
    assert (unknown.value.status, unknown.value.job_id) == ("HIBERNATING", job.id)


def test_an_unknown_status_in_a_list_is_an_error_that_names_its_job(api: Driver, service: ClassifyService) -> None:
    service.outcome_for("*", status="HIBERNATING")
    job = api.job()

    with pytest.raises(UnknownStatusError, match="the job status 'HIBERNATING'") as unknown:
        api.listed(api.client.jobs.list())
    assert unknown.value.job_id == job.id


def test_a_completed_job_without_a_result_breaks_the_contract(api: Driver, service: ClassifyService) -> None:
    job = api.job()
    api(api.client.jobs.wait, job)
    service.fail_next(LOOKS, body={**service.jobs[job.id].as_json(), "result": None})

    with pytest.raises(InvalidResponseError, match="no result"):
        api(api.client.jobs.wait, job.id)


def test_a_fault_that_passes_does_not_end_a_wait(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next(LOOKS, status=503, times=2)
    service.fail_next(LOOKS, action="cut")

    assert api(api.client.jobs.wait, api.job()).result.type == "invoice"
    assert len(clock.pauses) == 3


def test_an_error_that_stays_passes_through_a_wait(api: Driver, service: ClassifyService) -> None:
    service.fail_next(LOOKS, status=403, body={"detail": "not yours"})
    job = api.job()

    with pytest.raises(PermissionDeniedError) as refused:
        api(api.client.jobs.wait, job)
    assert refused.value.job_id == job.id


def test_retries_end_before_a_long_deadline(api: Driver, service: ClassifyService) -> None:
    service.fail_next(LOOKS, status=500, times=99)

    with pytest.raises(ServerError):
        api(api.client.jobs.wait, api.job(), timeout=3600.0)


def test_retries_do_not_outlast_a_short_deadline(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next(LOOKS, status=500, times=99)
    job = api.job()

    with pytest.raises(ClassifyTimeoutError) as late:
        api(api.client.jobs.wait, job, timeout=1.0)
    assert sum(clock.pauses) < 1.0
    assert isinstance(late.value.__cause__, ServerError)


def test_a_look_that_hangs_is_cut_off_near_the_deadline(
    service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classify_core.api.waiting.LAST_LOOK_SECONDS", 0.05)
    service.fail_next(LOOKS, delay=30.0, times=99)

    async def wait() -> None:
        async with AsyncClassifyClient(api_key=service.api_key, base_url=service.base_url) as client:
            await client.jobs.wait("job", timeout=0.1)

    with pytest.raises(ClassifyTimeoutError):
        asyncio.run(wait())


async def test_cancelling_an_async_wait_passes_through(service: ClassifyService) -> None:
    service.outcome_for("*", status="RUNNING")
    async with AsyncClassifyClient(api_key=service.api_key, base_url=service.base_url) as client:
        job_id = service.add_file("a.txt", b"an invoice")
        job = await client.jobs.create(job_id, rules=[{"type": "invoice", "description": "long enough"}])
        waiting = asyncio.create_task(client.jobs.wait(job, poll_interval=60.0))
        while not service.requests_to(LOOKS):
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await client.jobs.get(job.id)).status is JobStatus.RUNNING
