from __future__ import annotations

import sqlite3
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from classify_core.server.store import files, jobs
from classify_core.server.store.records import JobState
from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import RULES, UNKNOWN_FILE, V1, V2, create, create_v1, ended_v1, got, upload
from tests.server.projects import end, stored
from tests.waiting import wait_until

BARE = UNKNOWN_FILE.removeprefix("dfl-")


def bare(client: httpx.Client, *content: Any) -> str:
    """A new file's ID, as the older routes and the published document spell it."""
    return upload(client, *content).removeprefix("dfl-")


def results_of(client: httpx.Client, job_id: str, **query: Any) -> dict[str, Any]:
    return got(client, f"{V1}/{job_id}/results", **query)


def refused(client: httpx.Client, status: int, **fields: Any) -> Any:
    answer = client.post(V1, json={"file_ids": [BARE], "rules": RULES} | fields)
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


def test_a_new_job_tells_what_it_was_made_of(classify_server: ClassifyServer, hanging: httpx.Client) -> None:
    job = create_v1(hanging, [bare(hanging)])

    assert UUID(job["id"])
    assert job["project_id"] == classify_server.project_id
    assert (job["status"], job["mode"], job["rules"]) == ("PENDING", "FAST", RULES)
    assert job["parsing_configuration"] == {"lang": "en", "max_pages": 5, "target_pages": None}
    assert job["effective_at"] == job["created_at"] == job["updated_at"]
    assert (job["error_message"], job["job_record_id"]) == (None, None)
    assert "file_ids" not in job
    assert got(hanging, f"{V1}/{job['id']}")["id"] == job["id"]


def test_a_running_job_is_pending_too(classify_server: ClassifyServer, hanging: httpx.Client) -> None:
    job = create_v1(hanging, [bare(hanging)])
    wait_until(lambda: _state(classify_server, job["id"]) is JobState.RUNNING)
    assert got(hanging, f"{V1}/{job['id']}")["status"] == "PENDING"


def _state(server: ClassifyServer, job_id: str) -> JobState:
    return stored(server._running, jobs.get, server.project_id, "v1", job_id).status


def test_every_file_gets_its_label(client: httpx.Client) -> None:
    recipe = b"Recipe: ingredients 200 g flour, 2 eggs. Steps of preparation: mix, cook, bake."
    file_ids = [bare(client), bare(client, recipe)]
    job = ended_v1(client, create_v1(client, file_ids)["id"])
    results = results_of(client, job["id"])

    assert (job["status"], job["error_message"]) == ("SUCCESS", None)
    assert [item["file_id"] for item in results["items"]] == file_ids
    assert [item["result"]["type"] for item in results["items"]] == ["invoice", "recipe"]
    assert {item["classify_job_id"] for item in results["items"]} == {job["id"]}
    assert len({UUID(item["id"]) for item in results["items"]}) == 2
    assert (results["next_page_token"], results["total_size"]) == (None, 2)


def test_a_cancelled_job_says_so(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.job("cancelled")
    job = ended_v1(client, create_v1(client, [bare(client)])["id"])
    assert (job["status"], job["error_message"]) == ("CANCELLED", None)


def test_a_files_id_comes_back_as_it_was_spelled(client: httpx.Client) -> None:
    file_id = bare(client)
    spelled = [file_id, f"dfl-{file_id}", file_id.upper()]
    job = ended_v1(client, create_v1(client, spelled)["id"])
    assert [item["file_id"] for item in results_of(client, job["id"])["items"]] == spelled


def test_a_file_that_is_named_twice_has_one_result(client: httpx.Client) -> None:
    first, second = bare(client), bare(client)
    job = ended_v1(client, create_v1(client, [first, second, first])["id"])
    assert [item["file_id"] for item in results_of(client, job["id"])["items"]] == [first, second]


def known_files(connection: sqlite3.Connection, project_id: str, count: int) -> list[str]:
    """The IDs of files that are known, which is all that a job is made of."""
    file_ids = [str(uuid4()) for _ in range(count)]
    for file_id in file_ids:
        files.add(connection, project_id, file_id, name="a.txt", size=1, digest="0")
    return file_ids


def test_500_files_are_a_job_and_all_of_its_results_one_page(
    classify_server: ClassifyServer, hanging: httpx.Client
) -> None:
    file_ids = stored(classify_server._running, known_files, classify_server.project_id, 500)
    job = create_v1(hanging, file_ids)
    results = results_of(hanging, job["id"])
    assert [item["file_id"] for item in results["items"]] == file_ids
    assert results["next_page_token"] is None
    assert [item["result"] for item in results["items"]] == [None] * 500


def test_results_come_in_pages_where_a_size_is_given(hanging: httpx.Client) -> None:
    file_ids = [bare(hanging) for _ in range(5)]
    job_id = create_v1(hanging, file_ids)["id"]
    seen, query = [], {"page_size": 2}
    while True:
        page = results_of(hanging, job_id, **query)
        seen.append([item["file_id"] for item in page["items"]])
        assert page["total_size"] == 5
        if page["next_page_token"] is None:
            break
        query = {"page_size": 2, "page_token": page["next_page_token"]}
    assert seen == [file_ids[:2], file_ids[2:4], file_ids[4:]]


def test_a_token_of_another_jobs_results_is_a_bad_request(hanging: httpx.Client) -> None:
    file_ids = [bare(hanging), bare(hanging)]
    first, second = (create_v1(hanging, file_ids)["id"] for _ in range(2))
    token = results_of(hanging, first, page_size=1)["next_page_token"]
    for path in (f"{V1}/{second}/results", V1, V2):
        assert hanging.get(path, params={"page_token": token}).status_code == 400


def test_multimodal_is_accepted_and_told(client: httpx.Client) -> None:
    job = ended_v1(client, create_v1(client, [bare(client)], mode="MULTIMODAL")["id"])
    assert (job["mode"], job["status"]) == ("MULTIMODAL", "SUCCESS")


def test_pages_are_chosen_from_0_on(client: httpx.Client) -> None:
    parsing = {"lang": "de", "max_pages": None, "target_pages": [0]}
    job = ended_v1(client, create_v1(client, [bare(client)], parsing_configuration=parsing)["id"])
    assert (job["parsing_configuration"], job["status"]) == (parsing, "SUCCESS")


def test_what_a_newer_client_sends_besides_is_ignored(hanging: httpx.Client) -> None:
    job = create_v1(hanging, [bare(hanging)], priority="low", parsing_configuration={"ocr": True})
    assert job["parsing_configuration"]["max_pages"] == 5


def test_an_unknown_field_of_a_webhook_is_refused(client: httpx.Client) -> None:
    [fault] = refused(client, 422, webhook_configurations=[{"webhook_retries": 9}])
    assert fault["loc"] == ["body", "webhook_configurations", 0, "webhook_retries"]


INVALID: dict[str, dict[str, Any]] = {
    "no files": {"file_ids": []},
    "501 files": {"file_ids": [str(uuid4()) for _ in range(501)]},
    "no ID": {"file_ids": ["a.txt"]},
    "a parse job": {"file_ids": [f"pjb-{BARE}"]},
    "files of null": {"file_ids": None},
    "no rules": {"rules": []},
    "a type twice": {"rules": [RULES[0], RULES[0] | {"type": "Invoice"}]},
    "a bad type": {"rules": [RULES[0] | {"type": "in/voice"}]},
    "a mode of nobody": {"mode": "SLOW"},
    "a language of nobody": {"parsing_configuration": {"lang": "klingon"}},
    "no pages": {"parsing_configuration": {"max_pages": 0}},
    "no target pages": {"parsing_configuration": {"target_pages": []}},
    "a page before the first": {"parsing_configuration": {"target_pages": [-1]}},
    "a page far behind any": {"parsing_configuration": {"target_pages": [10**30]}},
    "pages in v2's notation": {"parsing_configuration": {"target_pages": "1-3"}},
    "a webhook at an address that is none": {"webhook_configurations": [{"webhook_url": "ftp://example.com"}]},
    "a webhook with a header of two lines": {"webhook_configurations": [{"webhook_headers": {"X-A": "a\r\nb: c"}}]},
}


@pytest.mark.parametrize("fields", INVALID.values(), ids=INVALID)
def test_an_invalid_body_is_told_where_it_is_wrong(client: httpx.Client, fields: dict[str, Any]) -> None:
    # A file that is there: what is looked up first decides nothing.
    faults = refused(client, 422, **({"file_ids": [bare(client)]} | fields))
    assert faults
    assert all(set(fault) == {"loc", "msg", "type"} and fault["loc"][0] == "body" for fault in faults)
    assert got(client, V1)["total_size"] == 0


def test_a_file_that_is_not_there_is_a_bad_request(
    classify_server: ClassifyServer, client: httpx.Client, stranger: httpx.Client
) -> None:
    mine, theirs, old = bare(client), bare(stranger), bare(client)
    stored(classify_server._running, end, old)
    missing = refused(client, 400, file_ids=[mine, BARE])

    assert missing == refused(client, 400, file_ids=[mine, theirs]).replace(theirs, BARE)
    assert missing == refused(client, 400, file_ids=[old, mine]).replace(old, BARE)
    assert got(client, V1)["total_size"] == 0


def test_jobs_are_listed_newest_first_and_in_pages(hanging: httpx.Client) -> None:
    file_ids = [bare(hanging)]
    made = [create_v1(hanging, file_ids)["id"] for _ in range(3)]
    first = got(hanging, V1, page_size=2)
    create_v1(hanging, file_ids)
    second = got(hanging, V1, page_size=2, page_token=first["next_page_token"])

    assert [job["id"] for job in first["items"]] == [made[2], made[1]]
    assert [job["id"] for job in second["items"]] == [made[0]]
    assert (first["total_size"], second["total_size"]) == (3, 4)
    assert second["next_page_token"] is None


@pytest.mark.parametrize("path", [V1, "results"])
def test_a_page_of_any_size_is_understood(hanging: httpx.Client, path: str) -> None:
    job_id = create_v1(hanging, [bare(hanging)])["id"]
    address = f"{V1}/{job_id}/results" if path == "results" else path
    assert len(got(hanging, address, page_size=10**30)["items"]) == 1
    for size in (0, -1):
        assert hanging.get(address, params={"page_size": size}).status_code == 400
    assert hanging.get(address, params={"page_size": "many"}).status_code == 422
    assert hanging.get(address, params={"page_token": "x"}).status_code == 400


@pytest.mark.parametrize("action", ["", "/results"])
def test_a_strangers_job_is_no_different_from_none(hanging: httpx.Client, stranger: httpx.Client, action: str) -> None:
    job_id, nothing = create_v1(hanging, [bare(hanging)])["id"], str(uuid4())
    theirs, missing = (stranger.get(f"{V1}/{identifier}{action}") for identifier in (job_id, nothing))
    assert theirs.status_code == missing.status_code == 404
    assert theirs.text == missing.text.replace(nothing, job_id)
    assert got(stranger, V1)["total_size"] == 0


@pytest.mark.parametrize("action", ["", "/results"])
def test_an_id_that_is_no_uuid_is_refused(client: httpx.Client, action: str) -> None:
    assert client.get(f"{V1}/no-job{action}").status_code == 422


def test_v2_jobs_are_not_among_those_of_v1(hanging: httpx.Client) -> None:
    job = create(hanging)
    assert got(hanging, V1)["items"] == []
    assert hanging.get(f"{V1}/{job['id']}").status_code == 404


def test_v1_jobs_are_none_of_v2s(hanging: httpx.Client) -> None:
    job = create_v1(hanging, [bare(hanging)])
    for method, action in (("GET", ""), ("POST", "/cancel"), ("DELETE", "")):
        assert hanging.request(method, f"{V2}/{job['id']}{action}").status_code == 404
