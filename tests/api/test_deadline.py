from __future__ import annotations

from typing import Any

import pytest

from classify_core.api.calls_files import upload_file
from classify_core.api.calls_jobs import cancel_job, create_job, get_job, wait_for_job
from classify_core.api.calls_v1 import create_job as create_v1_job
from classify_core.api.clock import Clock
from classify_core.errors import (
    ClassifyTimeoutError,
    ConnectionFailedError,
    InvalidOptionError,
    NotFoundError,
    RateLimitError,
    ServerError,
)
from classify_core.models import JobStatus
from tests.api.driver import RULES, Driver, StillClock
from tests.service import ClassifyService

RATE = {"detail": "Rate limit exceeded. Try again later."}
LOOKS = "GET /api/v2/classify/*"


def test_one_deadline_bounds_upload_create_and_wait(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next("POST */files", status=429, body=RATE, headers={"Retry-After": "4"})
    service.fail_next("POST */classify", status=429, body=RATE, headers={"Retry-After": "3"})
    service.outcome_for("*", status="RUNNING")
    deadline = api.client.deadline_in(10.0)

    file = api(api.client.run, upload_file(b"an invoice", name="a.txt"), deadline=deadline)
    job = api(api.client.run, create_job(file.id, rules=RULES), deadline=deadline)
    with pytest.raises(ClassifyTimeoutError, match="3 s") as late:
        api(api.client.run, wait_for_job(job, timeout=600.0, poll_interval=2.0), deadline=deadline)
    assert clock.pauses == [4.0, 3.0, 2.0, 1.0]
    assert (late.value.job_id, late.value.timeout) == (job.id, 3.0)


def test_a_far_deadline_changes_nothing(api: Driver) -> None:
    deadline = api.client.deadline_in(600.0)
    job = api.job()

    assert api(api.client.run, get_job(job.id), deadline=deadline).id == job.id
    assert api(api.client.run, wait_for_job(job), deadline=deadline).status is JobStatus.COMPLETED
    with pytest.raises(NotFoundError):
        api(api.client.run, get_job("none"), deadline=deadline)


def test_a_waits_own_timeout_holds_before_a_far_deadline(api: Driver, service: ClassifyService) -> None:
    service.outcome_for("*", status="RUNNING")
    deadline = api.client.deadline_in(600.0)

    with pytest.raises(ClassifyTimeoutError) as late:
        api(api.client.run, wait_for_job(api.job(), timeout=5.0), deadline=deadline)
    assert late.value.timeout == 5.0


def test_retries_of_a_call_do_not_outlast_its_deadline(
    api: Driver, service: ClassifyService, clock: StillClock
) -> None:
    service.fail_next("POST */files", status=500, times=99)

    with pytest.raises(ClassifyTimeoutError, match=r"POST /api/v1/beta/files .* 2 s") as late:
        api(api.client.run, upload_file(b"x", name="a.txt"), deadline=api.client.deadline_in(2.0))
    assert sum(clock.pauses) < 2.0
    assert (late.value.timeout, late.value.source_name) == (2.0, "a.txt")
    assert isinstance(late.value.__cause__, ServerError)


def test_a_pause_that_the_service_asks_for_does_not_outlast_a_deadline(
    api: Driver, service: ClassifyService, clock: StillClock
) -> None:
    service.fail_next(LOOKS, status=429, body=RATE, headers={"Retry-After": "60"})

    with pytest.raises(ClassifyTimeoutError) as late:
        api(api.client.run, get_job("job-1"), deadline=api.client.deadline_in(59.0))
    assert late.value.job_id == "job-1"
    assert isinstance(late.value.__cause__, RateLimitError)
    assert clock.pauses == []


def test_nothing_is_sent_after_a_deadline(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    deadline = api.client.deadline_in(1.0)
    clock.pauses.append(1.0)

    with pytest.raises(ClassifyTimeoutError) as late:
        api(api.client.run, create_job("dfl-1", rules=RULES), deadline=deadline)
    assert late.value.timeout == 0.0
    assert service.requests == []


@pytest.mark.parametrize(
    "operation", [get_job("job-1"), cancel_job("job-1"), create_v1_job(["dfl-1"], rules=RULES)], ids=lambda it: it.name
)
def test_a_request_that_hangs_is_cut_off_at_the_deadline(api: Driver, service: ClassifyService, operation: Any) -> None:
    service.fail_next("*", delay=30.0, times=99)
    client = api.make(_clock=Clock(), max_retries=0)

    with pytest.raises(ClassifyTimeoutError) as late:
        api(client.run, operation, deadline=client.deadline_in(0.2))
    assert isinstance(late.value.__cause__, ConnectionFailedError)


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), "1", None, True])
def test_a_deadline_is_made_of_a_time_span(api: Driver, seconds: Any) -> None:
    with pytest.raises(InvalidOptionError, match="seconds"):
        api.client.deadline_in(seconds)
