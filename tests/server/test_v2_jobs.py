from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import V2, create, ended, got, until, upload

UNKNOWN = ["00000000-0000-4000-8000-000000000000", "no-job", "%00", "9" * 3000, "\N{SNOWMAN}", "..%2f..%2fetc%2fpasswd"]
EACH = [("GET", ""), ("POST", "/cancel"), ("DELETE", "")]


@pytest.fixture
def running(classify_server: ClassifyServer, client: httpx.Client) -> dict[str, Any]:
    """A job that does not end by itself."""
    classify_server.faults.job("hang")
    return until(client, f"{V2}/{create(client)['id']}", "RUNNING")


@pytest.mark.parametrize(("method", "action"), EACH)
@pytest.mark.parametrize("job_id", UNKNOWN)
def test_a_job_that_does_not_exist_is_not_found(client: httpx.Client, method: str, action: str, job_id: str) -> None:
    answer = client.request(method, f"{V2}/{job_id}{action}")
    assert answer.status_code == 404
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize(("method", "action"), EACH)
def test_a_strangers_job_is_no_different_from_none(
    client: httpx.Client, stranger: httpx.Client, running: dict[str, Any], method: str, action: str
) -> None:
    nothing = str(uuid4())
    theirs = stranger.request(method, f"{V2}/{running['id']}{action}")
    missing = stranger.request(method, f"{V2}/{nothing}{action}")

    assert theirs.status_code == missing.status_code == 404
    assert theirs.text == missing.text.replace(nothing, running["id"])
    assert got(client, f"{V2}/{running['id']}")["status"] == "RUNNING"


def test_a_jobs_usage_is_told_only_where_it_is_asked_for(client: httpx.Client) -> None:
    job = ended(client, create(client)["id"])
    path = f"{V2}/{job['id']}"

    assert got(client, path)["usage"] is None
    assert got(client, path, expand="other")["usage"] is None
    assert got(client, path, expand="usage")["usage"] == {"credits": 1.0, "parse_credits": 1.0}
    assert got(client, path, expand=["other", "usage"])["usage"]["credits"] == 1.0


def test_an_open_job_has_no_usage_yet(client: httpx.Client, running: dict[str, Any]) -> None:
    assert got(client, f"{V2}/{running['id']}", expand="usage")["usage"] is None


def test_a_running_job_can_be_cancelled_once(client: httpx.Client, running: dict[str, Any]) -> None:
    answer = client.post(f"{V2}/{running['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert answer.json()["updated_at"] > running["updated_at"]
    again = client.post(f"{V2}/{running['id']}/cancel")
    assert again.status_code == 409
    assert "CANCELLED" in again.json()["detail"]


def test_a_waiting_job_can_be_cancelled(
    classify_server: ClassifyServer, client: httpx.Client, running: dict[str, Any]
) -> None:
    classify_server.concurrent_jobs = 1
    waiting = create(client)
    cancelled = client.post(f"{V2}/{waiting['id']}/cancel").json()
    assert cancelled["status"] == "CANCELLED"
    assert (cancelled["result"], cancelled["error_message"]) == (None, None)


def test_a_cancelled_job_stays_cancelled(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.job_seconds = 0.2
    cancelled = create(client)["id"]
    client.post(f"{V2}/{cancelled}/cancel").raise_for_status()
    # Begun later, it has ended when the other would have.
    ended(client, create(client)["id"])
    job = got(client, f"{V2}/{cancelled}")
    assert (job["status"], job["result"]) == ("CANCELLED", None)


def test_a_completed_job_cannot_be_cancelled(client: httpx.Client) -> None:
    job = ended(client, create(client)["id"])
    answer = client.post(f"{V2}/{job['id']}/cancel")
    assert answer.status_code == 409
    assert "COMPLETED" in answer.json()["detail"]
    assert got(client, f"{V2}/{job['id']}") == job


def test_a_job_that_has_ended_can_be_deleted(classify_server: ClassifyServer, client: httpx.Client) -> None:
    job = ended(client, create(client)["id"])
    answer = client.delete(f"{V2}/{job['id']}")

    assert answer.status_code == 200
    assert answer.json() == {"id": job["id"], "project_id": classify_server.project_id}
    assert client.get(f"{V2}/{job['id']}").status_code == 404
    assert client.delete(f"{V2}/{job['id']}").status_code == 404
    assert got(client, V2)["items"] == []


def test_an_open_job_cannot_be_deleted(client: httpx.Client, running: dict[str, Any]) -> None:
    answer = client.delete(f"{V2}/{running['id']}")
    assert answer.status_code == 409
    assert "RUNNING" in answer.json()["detail"]
    assert got(client, f"{V2}/{running['id']}")["status"] == "RUNNING"


def test_a_failed_job_says_why_and_has_no_result(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.job("failed", error="PDF_IS_PROTECTED: it asks for a password")
    job = ended(client, create(client)["id"])
    assert (job["status"], job["result"]) == ("FAILED", None)
    assert job["error_message"] == "PDF_IS_PROTECTED: it asks for a password"


def test_a_document_without_text_fails_its_job(client: httpx.Client) -> None:
    job = ended(client, create(client, upload(client, b" \n "))["id"])
    assert job["status"] == "FAILED"
    assert job["error_message"].startswith("NO_DATA_FOUND_IN_FILE")


ROUTES = [("GET", V2), ("GET", f"{V2}/{UNKNOWN[0]}"), ("GET", "/api/v1/classifier/jobs"), ("GET", "/api/v1/beta/files")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_project_that_is_not_the_keys_is_forbidden_whether_it_exists_or_not(
    classify_server: ClassifyServer, client: httpx.Client, stranger: httpx.Client, method: str, path: str
) -> None:
    create(stranger)
    theirs = got(stranger, V2)["items"][0]["project_id"]
    answers = [client.request(method, path, params={"project_id": named}) for named in (theirs, str(uuid4()))]

    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1
    mine = client.request(method, path, params={"project_id": classify_server.project_id.upper()})
    assert mine.status_code != 403


def test_the_organisation_and_the_cookie_are_ignored(client: httpx.Client) -> None:
    answer = client.get(V2, params={"organization_id": str(uuid4())}, headers={"Cookie": "session=stranger"})
    assert answer.status_code == 200


@pytest.mark.parametrize("parameter", ["organization_id", "project_id"])
def test_an_id_that_is_no_uuid_is_refused(client: httpx.Client, parameter: str) -> None:
    answer = client.get(V2, params={parameter: "mine"})
    assert answer.status_code == 422
    assert [set(fault) for fault in answer.json()["detail"]] == [{"loc", "msg", "type"}]
