from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import CONFIGURATIONS, RULES, V2, create, ended, got, until, upload
from tests.server.wire import answer_on, head, wire_to

pytestmark = pytest.mark.usefixtures("jobs_hang")


def made(client: httpx.Client, count: int) -> list[str]:
    """The IDs of new jobs, oldest first."""
    file_id = upload(client)
    return [create(client, file_id)["id"] for _ in range(count)]


def listed(client: httpx.Client, **query: Any) -> list[str]:
    return [job["id"] for job in got(client, V2, **query)["items"]]


def test_jobs_are_listed_newest_first(client: httpx.Client) -> None:
    jobs = made(client, 3)
    page = got(client, V2)
    assert [job["id"] for job in page["items"]] == jobs[::-1]
    assert (page["next_page_token"], page["total_size"]) == (None, 3)


def test_an_empty_project_has_an_empty_page(client: httpx.Client) -> None:
    assert got(client, V2) == {"items": [], "next_page_token": None, "total_size": 0}


@pytest.mark.parametrize("size", [1, 2, 5, 6, 100])
def test_pages_of_any_size_hold_each_job_once(client: httpx.Client, size: int) -> None:
    jobs, seen, token = made(client, 5), [], None
    while True:
        page = got(client, V2, page_size=size, **({} if token is None else {"page_token": token}))
        seen += [job["id"] for job in page["items"]]
        assert page["total_size"] == 5
        assert len(page["items"]) <= size
        token = page["next_page_token"]
        if token is None:
            break
    assert seen == jobs[::-1]


def test_50_jobs_are_a_page_unless_said(client: httpx.Client) -> None:
    made(client, 51)
    page = got(client, V2)
    assert len(page["items"]) == 50
    assert len(got(client, V2, page_token=page["next_page_token"])["items"]) == 1


def test_pages_stay_right_while_jobs_are_added_and_deleted(client: httpx.Client) -> None:
    jobs = made(client, 6)
    first = got(client, V2, page_size=2)
    added = made(client, 3)
    # One that was seen, the one that the token names, and one that is still to come.
    gone = [jobs[5], jobs[4], jobs[2]]
    for job_id in gone:
        client.post(f"{V2}/{job_id}/cancel").raise_for_status()
        client.delete(f"{V2}/{job_id}").raise_for_status()
    second = got(client, V2, page_size=2, page_token=first["next_page_token"])
    third = got(client, V2, page_size=2, page_token=second["next_page_token"])

    seen = [job["id"] for page in (first, second, third) for job in page["items"]]
    assert seen == [jobs[5], jobs[4], jobs[3], jobs[1], jobs[0]]
    assert third["next_page_token"] is None
    assert listed(client)[:3] == added[::-1]


def test_an_empty_token_is_the_first_page(client: httpx.Client) -> None:
    jobs = made(client, 2)
    assert listed(client, page_token="") == jobs[::-1]


def token(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "page_token",
    [
        "x",
        "\u2603",
        "a" * 5000,
        token([]),
        token({}),
        token(7),
        token([1, 2]),
        token(["jobs", 10**30, "x"]),
        token([True]),
        token(["\ud800", "x"]),
        token(["jobs created_at DESC, id DESC", "\ud800", "x"]),
        base64.urlsafe_b64encode(b"[" * 20_000).decode(),
    ],
)
def test_a_token_that_is_none_is_a_bad_request(client: httpx.Client, page_token: str) -> None:
    answer = client.get(V2, params={"page_token": page_token})
    assert answer.status_code == 400
    assert "page_token" in answer.json()["detail"]


def test_a_token_of_another_listing_is_a_bad_request(client: httpx.Client) -> None:
    upload(client)
    upload(client)
    theirs = got(client, "/api/v1/beta/files", page_size=1)["next_page_token"]
    assert client.get(V2, params={"page_token": theirs}).status_code == 400


@pytest.mark.parametrize("size", [0, -1, 101, 10**30, "many"])
def test_a_page_has_1_to_100_jobs(client: httpx.Client, size: Any) -> None:
    answer = client.get(V2, params={"page_size": size})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "page_size"]


def test_jobs_are_found_by_their_status(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.concurrent_jobs = 1
    running, pending, cancelled = made(client, 3)
    client.post(f"{V2}/{cancelled}/cancel").raise_for_status()
    until(client, f"{V2}/{running}", "RUNNING")

    assert listed(client, status="RUNNING") == [running]
    assert listed(client, status="PENDING") == [pending]
    assert listed(client, status="CANCELLED") == [cancelled]
    assert listed(client, status="COMPLETED") == listed(client, status="FAILED") == []
    assert got(client, V2, status="RUNNING")["total_size"] == 1


@pytest.mark.parametrize("status", ["SUCCESS", "PARTIAL", "running", ""])
def test_a_status_of_nobody_is_refused(client: httpx.Client, status: str) -> None:
    assert client.get(V2, params={"status": status}).status_code == 422


def test_jobs_are_found_by_their_ids(client: httpx.Client, stranger: httpx.Client) -> None:
    jobs, theirs = made(client, 3), create(stranger)["id"]
    assert listed(client, job_ids=[jobs[0], jobs[2], theirs, "no-job"]) == [jobs[2], jobs[0]]
    assert listed(client, job_ids=[theirs]) == []
    assert listed(client, job_ids=jobs, page_size=1) == [jobs[2]]


def test_two_thousand_ids_are_a_filter_also_when_they_come_in_pieces(
    classify_server: ClassifyServer, client: httpx.Client
) -> None:
    [job_id] = made(client, 1)
    query = "&".join(f"job_ids={uuid4()}" for _ in range(2_000))
    request = head("GET", f"{V2}?{query}&job_ids={job_id}", classify_server.api_key)
    with wire_to(classify_server.base_url) as wire:
        for begin in range(0, len(request), 4_096):
            wire.sendall(request[begin : begin + 4_096])
        status, body = answer_on(wire)
    assert (status, [job["id"] for job in json.loads(body)["items"]]) == (200, [job_id])


def test_jobs_are_found_by_their_saved_rules(client: httpx.Client) -> None:
    parameters = {"product_type": "classify_v2", "rules": RULES}
    saved = client.post(CONFIGURATIONS, json={"name": "mail", "parameters": parameters}).json()["id"]
    create(client)
    job = create(client, configuration=None, configuration_id=saved)

    assert listed(client, configuration_id=saved) == [job["id"]]
    assert listed(client, configuration_id="cfg-1") == []


def test_jobs_are_found_by_the_time_of_their_creation_inclusively(client: httpx.Client) -> None:
    file_id = upload(client)
    jobs = [create(client, file_id) for _ in range(3)]
    middle = jobs[1]["created_at"]

    assert listed(client, created_at_on_or_after=middle) == [jobs[2]["id"], jobs[1]["id"]]
    assert listed(client, created_at_on_or_before=middle) == [jobs[1]["id"], jobs[0]["id"]]
    assert listed(client, created_at_on_or_after=middle, created_at_on_or_before=middle) == [jobs[1]["id"]]
    later = datetime.fromisoformat(middle) + timedelta(microseconds=1)
    assert listed(client, created_at_on_or_after=later.isoformat()) == [jobs[2]["id"]]


@pytest.mark.parametrize(
    ("moment", "is_before"),
    [
        ("0001-01-01T00:00:00+23:59", True),
        ("0999-01-01T00:00:00", True),
        ("1970-01-01T00:00:00Z", True),
        ("2020-06-01T12:00:00+02:00", True),
        ("9999-12-31T23:59:59.999999-23:59", False),
    ],
)
def test_moments_at_the_ends_of_the_calendar_are_understood(
    client: httpx.Client, moment: str, *, is_before: bool
) -> None:
    [job] = made(client, 1)
    assert listed(client, created_at_on_or_after=moment) == ([job] if is_before else [])
    assert listed(client, created_at_on_or_before=moment) == ([] if is_before else [job])


@pytest.mark.parametrize("moment", ["yesterday", "2026-13-01T00:00:00Z", "99999-01-01T00:00:00Z", ""])
def test_what_is_no_moment_is_refused(client: httpx.Client, moment: str) -> None:
    assert client.get(V2, params={"created_at_on_or_after": moment}).status_code == 422


def test_filters_narrow_each_other(client: httpx.Client) -> None:
    jobs = made(client, 3)
    client.post(f"{V2}/{jobs[1]}/cancel").raise_for_status()
    assert listed(client, job_ids=jobs[:2], status="CANCELLED") == [jobs[1]]


def test_listed_jobs_carry_their_results(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.clear()
    job = ended(client, create(client)["id"])
    assert got(client, V2)["items"] == [job]
    assert job["result"]["type"] == "invoice"


def test_a_strangers_jobs_are_not_listed(client: httpx.Client, stranger: httpx.Client) -> None:
    mine = made(client, 2)
    assert got(stranger, V2)["total_size"] == 0
    assert listed(stranger, job_ids=mine) == []


def test_a_strangers_page_token_shows_nothing_of_theirs(client: httpx.Client, stranger: httpx.Client) -> None:
    theirs = made(stranger, 2)
    mine = made(client, 2)
    page_token = got(client, V2, page_size=1)["next_page_token"]
    assert listed(client, page_token=page_token) == [mine[0]]
    assert sorted(listed(stranger, page_token=page_token)) == sorted(theirs)


def test_v1_jobs_are_not_among_those_of_v2(client: httpx.Client) -> None:
    body = {"file_ids": [upload(client)], "rules": RULES}
    client.post("/api/v1/classifier/jobs", json=body).raise_for_status()
    assert listed(client) == []
