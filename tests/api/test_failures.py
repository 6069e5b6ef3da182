from __future__ import annotations

import pickle
from typing import Any

import httpx
import pytest

from classify_core.api.failures import LONGEST_DETAIL, is_plan_limit, read_detail
from classify_core.errors import (
    ApiError,
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    DocumentTooLargeError,
    InvalidResponseError,
    NotFoundError,
    OutOfCreditsError,
    PermissionDeniedError,
    RateLimitError,
    RejectedRequestError,
    ServerError,
)
from tests.api.driver import Driver
from tests.service import ClassifyService

GET = "GET /api/v2/classify/*"


def fail(api: Driver, **script: Any) -> Any:
    """The error that a client without retries raises for such an answer."""
    api.service.fail_next(GET, **script)
    client = api.make(max_retries=0)
    with pytest.raises(Exception) as raised:  # noqa: PT011 - the callers look at its class
        api(client.jobs.get, "job-1")
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RejectedRequestError),
        (401, AuthenticationError),
        (402, OutOfCreditsError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (409, ConflictError),
        (413, DocumentTooLargeError),
        (418, RejectedRequestError),
        (422, RejectedRequestError),
        (429, RateLimitError),
        (500, ServerError),
        (503, ServerError),
    ],
)
def test_each_status_has_its_own_error_with_all_that_is_known(api: Driver, status: int, kind: Any) -> None:
    error = fail(api, status=status, body={"detail": "because of it"}, headers={"X-Request-ID": "r-1"})

    assert type(error) is kind
    assert (error.status, error.detail, error.request_id, error.job_id) == (status, "because of it", "r-1", "job-1")
    assert "GET /api/v2/classify/{job_id}" in str(error)
    assert "because of it" in str(error)


def test_an_error_crosses_processes_whole(api: Driver) -> None:
    error = fail(api, status=409, body={"detail": "busy"}, headers={"X-Correlation-ID": "c-1"})
    restored = pickle.loads(pickle.dumps(error))

    assert vars(restored) == vars(error)
    assert str(restored) == str(error)


def test_a_key_that_is_not_accepted_names_the_region_that_was_tried(service: ClassifyService, api: Driver) -> None:
    client = api.make(api_key="llx-of-another-region")
    with pytest.raises(AuthenticationError, match="one region") as refused:
        api(client.jobs.get, "job-1")
    assert service.base_url in str(refused.value)
    assert refused.value.status == 401


def test_the_list_of_faults_of_a_refused_body_is_readable(api: Driver) -> None:
    detail = [{"loc": ["body", "file_input"], "msg": "too long", "type": "t", "input": "the document's own words"}]
    error = fail(api, status=422, body={"detail": detail})

    assert error.detail == "body.file_input: too long"
    assert "own words" not in str(error)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"detail": {"msg": "inner"}}, "inner"),
        ({"message": "said so"}, "said so"),
        ({"error": "said so"}, "said so"),
        ("plain  text\nover lines", "plain text over lines"),
        ([1, 2], None),
        ("", None),
    ],
)
def test_other_error_bodies_are_read_as_far_as_they_go(api: Driver, body: Any, detail: str) -> None:
    assert fail(api, status=400, body=body).detail == detail


def test_the_page_of_a_proxy_is_no_detail(api: Driver) -> None:
    assert fail(api, status=502, body="<html>", headers={"Content-Type": "text/html"}).detail is None


def test_a_long_detail_is_cut(api: Driver) -> None:
    error = fail(api, status=400, body={"detail": "x" * 9999})

    assert len(error.detail) == LONGEST_DETAIL
    assert len(str(error)) < LONGEST_DETAIL + 300


def test_a_body_that_no_one_can_decode_is_no_fault_of_ours() -> None:
    assert isinstance(read_detail(httpx.Response(500, content=b"\xff\xfe\x00")), str)


@pytest.mark.parametrize(
    ("detail", "is_plan"),
    [
        ("Rate limit exceeded. Try again later.", False),
        ("Rate limit exceeded for the free plan, upgrade for more.", False),
        ("Too many requests", False),
        ("", False),
        ("You have reached the limit of your plan", True),
        ("Monthly quota exceeded", True),
        ("Upgrade to run more jobs", True),
        ("No active subscription", True),
        ("The planet is full", False),
    ],
)
def test_a_plans_limit_is_told_from_a_rate_limit(detail: str, *, is_plan: bool) -> None:
    assert is_plan_limit(detail) is is_plan


@pytest.mark.parametrize(
    "script",
    [
        {"action": "broken_json"},
        {"body": "<html>hello</html>", "headers": {"Content-Type": "text/html"}},
        {"body": {"id": "job-1"}},
        {"body": []},
        {"body": "null"},
        {"body": ""},
        {"status": 204},
    ],
)
def test_a_good_status_with_an_alien_body_is_an_error_of_ours(api: Driver, script: dict[str, Any]) -> None:
    job = api.job()
    api.service.fail_next(GET, **script)

    with pytest.raises(InvalidResponseError, match=r"GET /api/v2/classify/\{job_id\}") as broken:
        api(api.client.jobs.get, job.id)
    assert broken.value.job_id == job.id


def test_an_alien_body_is_not_quoted(api: Driver) -> None:
    job = api.job()
    body = api.service.jobs[job.id].as_json()
    body["result"] = {"type": ["secret words"], "confidence": 7.5, "reasoning": "secret words"}
    api.service.fail_next(GET, body=body)

    with pytest.raises(InvalidResponseError, match=r"result\.confidence, result\.type") as broken:
        api(api.client.jobs.get, job.id)
    assert "secret words" not in repr(broken.value)
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


def test_an_answer_of_good_status_but_bad_encoding_is_an_error_of_ours(api: Driver) -> None:
    job = api.job()
    api.service.fail_next(GET, headers={"Content-Encoding": "gzip"}, times=9)

    with pytest.raises(InvalidResponseError, match="decompressed"):
        api(api.client.jobs.get, job.id)


def test_a_redirect_is_not_followed_and_named(api: Driver) -> None:
    error = fail(api, status=302, headers={"Location": "https://elsewhere.invalid/api?token=x"})

    assert isinstance(error, ApiError)
    assert error.status == 302
    assert "elsewhere.invalid" in str(error)
    assert "token" not in str(error)
    assert len(api.service.requests) == 1


def test_an_answer_that_does_not_come_in_time_is_a_failed_connection(api: Driver) -> None:
    api.service.fail_next(GET, delay=30.0, times=9)
    client = api.make(timeout=0.4, max_retries=1)

    with pytest.raises(ConnectionFailedError, match="ReadTimeout") as failed:
        api(client.jobs.get, "job-1")
    assert failed.value.job_id == "job-1"
    assert len(api.service.requests) == 2


def test_a_service_that_is_not_there_is_a_failed_connection(api: Driver) -> None:
    client = api.make(base_url="http://127.0.0.1:1", max_retries=0)
    with pytest.raises(ConnectionFailedError, match=r"http://127\.0\.0\.1:1") as failed:
        api(client.jobs.get, "job-1")
    assert isinstance(failed.value.__cause__, httpx.ConnectError)


def test_every_transport_fault_of_httpx_becomes_an_error_of_ours(api: Driver) -> None:
    kinds = [kind for kind in _below(httpx.RequestError) if kind is not httpx.TooManyRedirects]
    assert len(kinds) > 10
    for kind in kinds:
        client = api.make(http_client=_failing(kind, is_async=api.is_async), max_retries=1)
        with pytest.raises((ConnectionFailedError, InvalidResponseError)):
            api(client.jobs.get, "job-1")


def _below(kind: Any) -> Any:
    return {kind, *(deeper for child in kind.__subclasses__() for deeper in _below(child))}


def _failing(kind: Any, *, is_async: bool) -> Any:
    def answer(request: httpx.Request) -> httpx.Response:
        raise kind("no", request=request)

    transport = httpx.MockTransport(answer)
    return httpx.AsyncClient(transport=transport) if is_async else httpx.Client(transport=transport)
