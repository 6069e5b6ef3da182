from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from classify_core.api.retry import LONGEST_RETRY_AFTER, MAX_RETRIES, MAX_SECONDS, read_retry_after
from classify_core.errors import (
    ConflictError,
    ConnectionFailedError,
    OutOfCreditsError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)
from classify_core.models import Rule
from tests.api.driver import DAWN, Driver, StillClock
from tests.service import ClassifyService

CREATE = "POST /api/v2/classify"
LIST = "GET /api/v2/classify"
RATE = {"detail": "Rate limit exceeded. Try again later."}
PLAN = {"detail": "You have reached the limit of your plan."}


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 529])
def test_a_fault_that_passes_is_tried_again(
    api: Driver, service: ClassifyService, clock: StillClock, status: int
) -> None:
    service.fail_next(LIST, status=status, body=RATE, times=2)

    assert api.listed(api.client.jobs.list()) == []
    assert len(service.requests) == 3
    assert len(clock.pauses) == 2


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 409, 413, 418, 422])
def test_a_fault_that_stays_is_not_tried_again(
    api: Driver, service: ClassifyService, clock: StillClock, status: int
) -> None:
    service.fail_next(LIST, status=status, body={"detail": "no"}, times=9)

    with pytest.raises(Exception, match="no"):
        api.listed(api.client.jobs.list())
    assert len(service.requests) == 1
    assert clock.pauses == []


@pytest.mark.parametrize(("status", "error"), [(409, ConflictError), (402, OutOfCreditsError)])
def test_a_create_is_not_repeated_after_a_conflict_or_without_credits(
    api: Driver, service: ClassifyService, status: int, error: Any
) -> None:
    service.fail_next(CREATE, status=status, times=9)

    with pytest.raises(error):
        api.job()
    assert len(service.requests) == 1


def test_a_rate_limit_is_waited_for_through_a_whole_minute(
    api: Driver, service: ClassifyService, clock: StillClock
) -> None:
    clock.share = 0.0
    service.fail_next(LIST, status=429, body=RATE, times=99)

    with pytest.raises(RateLimitError) as limited:
        api.listed(api.client.jobs.list())
    assert not limited.value.plan_limit
    assert sum(clock.pauses[:1]) >= 1.0
    assert sum(clock.pauses) >= 50.0


def test_a_plans_limit_is_not_waited_for(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next(CREATE, status=429, body=PLAN, times=9)

    with pytest.raises(RateLimitError) as limited:
        api.job()
    assert limited.value.plan_limit
    assert len(service.requests) == 1
    assert clock.pauses == []


def test_a_create_whose_answer_is_lost_makes_one_job(api: Driver, service: ClassifyService) -> None:
    service.fail_next(CREATE, action="cut", times=2)
    service.fail_next(CREATE, action="cut_half_way")
    service.fail_next(CREATE, status=500, work=True)
    job = api.job()

    assert len(service.requests) == 5
    assert list(service.jobs) == [job.id]
    assert {request.json["transaction_id"] for request in service.requests} == {job.transaction_id}


def test_a_connection_that_is_cut_again_and_again_has_its_own_error(api: Driver, service: ClassifyService) -> None:
    service.fail_next(LIST, action="cut_half_way", times=99)

    with pytest.raises(ConnectionFailedError, match=f"{MAX_RETRIES + 1} attempts") as failed:
        api.listed(api.client.jobs.list())
    assert isinstance(failed.value.__cause__, httpx.RemoteProtocolError)


def test_retries_can_be_turned_off(api: Driver, service: ClassifyService) -> None:
    service.fail_next(LIST, status=500, times=9)

    with pytest.raises(ServerError):
        api.listed(api.make(max_retries=0).jobs.list())
    assert len(service.requests) == 1


def test_attempts_are_bounded(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next(LIST, status=500, times=99)

    with pytest.raises(ServerError):
        api.listed(api.client.jobs.list())
    assert len(service.requests) == MAX_RETRIES + 1


def test_the_time_of_all_attempts_together_is_bounded(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next(LIST, status=500, times=9999)

    with pytest.raises(ServerError):
        api.listed(api.make(max_retries=1000).jobs.list())
    assert MAX_SECONDS - 10 < sum(clock.pauses) <= MAX_SECONDS


def test_pauses_grow_and_carry_full_jitter(api: Driver, service: ClassifyService, clock: StillClock) -> None:
    service.fail_next(LIST, status=500, times=99)
    with pytest.raises(ServerError):
        api.listed(api.client.jobs.list())
    assert clock.pauses == [0.5, 1.0, 2.0, 4.0, 8.0]

    clock.share = 0.0
    with pytest.raises(ServerError):
        api.listed(api.client.jobs.list())
    assert clock.pauses[5:] == [0.0] * 5


@pytest.mark.parametrize(
    ("header", "pause"),
    [("7", 7.0), (format_datetime(DAWN + timedelta(seconds=9), usegmt=True), 9.0), ("120", LONGEST_RETRY_AFTER)],
)
def test_retry_after_is_obeyed(
    api: Driver, service: ClassifyService, clock: StillClock, header: str, pause: float
) -> None:
    service.fail_next(LIST, status=429, body=RATE, headers={"Retry-After": header})
    api.listed(api.client.jobs.list())

    assert clock.pauses == [pause]


@pytest.mark.parametrize(("status", "kind"), [(429, RateLimitError), (503, ServerError)])
def test_a_retry_after_that_is_too_long_to_wait_for_is_told_at_once(
    api: Driver, service: ClassifyService, clock: StillClock, status: int, kind: Any
) -> None:
    service.fail_next(LIST, status=status, body=RATE, headers={"Retry-After": "86400"}, times=9)

    with pytest.raises(kind, match="86,400 s") as refused:
        api.listed(api.client.jobs.list())
    assert getattr(refused.value, "retry_after", 86400.0) == 86400.0
    assert clock.pauses == []
    assert len(service.requests) == 1


def test_an_error_tells_what_retry_after_asked_for(api: Driver, service: ClassifyService) -> None:
    service.fail_next(LIST, status=429, body=RATE, headers={"Retry-After": "7"}, times=9)

    with pytest.raises(RateLimitError) as limited:
        api.listed(api.make(max_retries=0).jobs.list())
    assert limited.value.retry_after == 7.0


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5e9", "Thu, 01 Jan 2026 00:00:00"])
def test_a_retry_after_that_cannot_be_read_is_as_none(header: str | None) -> None:
    assert read_retry_after(header, DAWN) is None


def test_a_retry_after_in_the_past_means_at_once() -> None:
    assert read_retry_after("Mon, 01 Jan 2024 00:00:00 GMT", DAWN) == 0.0


def test_an_upload_whose_answer_is_lost_is_sent_again_whole(
    api: Driver, service: ClassifyService, tmp_path: Path
) -> None:
    path = tmp_path / "invoice.txt"
    path.write_bytes(b"an invoice")
    service.fail_next("POST */files", action="cut")
    file = api(api.client.files.upload, path)

    assert service.files[file.id].content == b"an invoice"
    assert [request.body_size for request in service.requests].count(service.requests[0].body_size) == 2


@pytest.mark.parametrize("kind", ["jobs", "files", "configurations"])
def test_a_delete_whose_answer_is_lost_has_succeeded(
    api: Driver, service: ClassifyService, rules: list[Rule], kind: Any
) -> None:
    if kind == "jobs":
        identifier = api(api.client.jobs.wait, api.job()).id
    elif kind == "files":
        identifier = service.add_file("a.txt", b"a")
    else:
        identifier = api(api.client.configurations.create, "c", rules=rules).id
    service.fail_next("DELETE *", action="cut")

    api(getattr(api.client, kind).delete, identifier)
    assert len(service.requests_to("DELETE *")) == 2
    assert getattr(service, kind) == {}


def test_a_v1_job_is_only_sent_again_where_none_was_made(
    api: Driver, service: ClassifyService, rules: list[Rule]
) -> None:
    file_id = service.add_file("a.txt", b"an invoice")
    service.fail_next("POST */classifier/jobs", status=429, body=RATE, work=False)
    api(api.client.v1.jobs.create, [file_id], rules=rules)
    assert len(service.v1_jobs) == 1

    service.fail_next("POST */classifier/jobs", action="cut")
    with pytest.raises(ConnectionFailedError):
        api(api.client.v1.jobs.create, [file_id], rules=rules)
    service.fail_next("POST */classifier/jobs", status=500)
    with pytest.raises(ServerError):
        api(api.client.v1.jobs.create, [file_id], rules=rules)
    assert len(service.v1_jobs) == 2


def test_a_v1_job_is_sent_again_where_no_connection_was_made(api: Driver, rules: list[Rule], clock: StillClock) -> None:
    client = api.make(base_url="http://127.0.0.1:1", max_retries=2)
    with pytest.raises(ConnectionFailedError, match="3 attempts"):
        api(client.v1.jobs.create, ["dfl-1"], rules=rules)
    assert len(clock.pauses) == 2


@pytest.mark.parametrize("status", [405, 451])
def test_other_refusals_have_an_error_too(api: Driver, service: ClassifyService, status: int) -> None:
    service.fail_next(LIST, status=status)
    with pytest.raises(RejectedRequestError) as refused:
        api.listed(api.client.jobs.list())
    assert refused.value.status == status
