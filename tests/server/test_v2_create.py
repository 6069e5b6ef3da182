from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

import httpx
import pytest

from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import (
    CONFIGURATIONS,
    RULES,
    UNKNOWN_FILE,
    V2,
    body_of,
    create,
    ended,
    got,
    upload,
)
from tests.server.projects import end, stored

pytestmark = pytest.mark.usefixtures("jobs_hang")

FIELDS = {
    *("id", "project_id", "user_id", "status", "document_input_type", "file_input", "configuration", "result"),
    *("configuration_id", "parse_job_id", "transaction_id", "error_message", "created_at", "updated_at", "usage"),
}


@pytest.fixture
def working(classify_server: ClassifyServer, client: httpx.Client, jobs_hang: None) -> httpx.Client:
    classify_server.faults.clear()
    return client


def saved(client: httpx.Client, name: str = "mail") -> dict[str, Any]:
    parameters = {"product_type": "classify_v2", "rules": RULES, "parsing_configuration": {"max_pages": 3}}
    answer = client.post(CONFIGURATIONS, json={"name": name, "parameters": parameters})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def refused(client: httpx.Client, status: int, body: Any) -> Any:
    answer = client.post(V2, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()["detail"]


def jobs_of(client: httpx.Client) -> int:
    return int(got(client, V2)["total_size"])


def test_a_new_job_tells_what_it_was_made_of(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file_id = upload(client)
    job = create(client, file_id, transaction_id="t-1")

    assert set(job) == FIELDS
    assert job["status"] == "PENDING"
    assert (job["file_input"], job["document_input_type"]) == (file_id, "file_id")
    assert job["project_id"] == classify_server.project_id
    assert job["transaction_id"] == "t-1"
    assert job["configuration"] == {"rules": RULES, "mode": "FAST", "parsing_configuration": None}
    assert datetime.fromisoformat(job["created_at"]).tzinfo is not None
    assert job["updated_at"] == job["created_at"]
    assert (job["result"], job["error_message"], job["configuration_id"], job["usage"]) == (None, None, None, None)
    assert got(client, f"{V2}/{job['id']}")["id"] == job["id"]


def test_a_job_ends_with_a_label_and_a_parse_job(working: httpx.Client) -> None:
    job = ended(working, create(working)["id"])

    assert (job["status"], job["error_message"]) == ("COMPLETED", None)
    assert job["result"]["type"] == "invoice"
    assert 0 <= job["result"]["confidence"] <= 1
    assert job["result"]["reasoning"]
    assert job["parse_job_id"].startswith("pjb-")
    assert job["updated_at"] > job["created_at"]


@pytest.mark.parametrize("field", ["file_input", "parse_job_id"])
def test_a_parse_job_can_be_classified(working: httpx.Client, field: str) -> None:
    parse_job_id = ended(working, create(working)["id"])["parse_job_id"]
    job = create(working, **{field: parse_job_id})

    assert (job["file_input"], job["document_input_type"]) == (parse_job_id, "parse_job_id")
    assert job["parse_job_id"] == parse_job_id
    assert ended(working, job["id"])["result"]["type"] == "invoice"


@pytest.mark.parametrize("field", ["file_input", "file_id"])
@pytest.mark.parametrize("prefix", ["dfl-", ""])
def test_every_spelling_of_a_file_is_accepted(client: httpx.Client, field: str, prefix: str) -> None:
    identifier = prefix + upload(client).removeprefix("dfl-")
    job = create(client, **{field: identifier})
    assert (job["file_input"], job["document_input_type"]) == (identifier, "file_id")


def test_what_a_newer_client_sends_besides_is_ignored(client: httpx.Client) -> None:
    rules = [RULES[0] | {"weight": 2}]
    configuration = {"rules": rules, "parsing_configuration": {"lang": "de", "ocr": True}, "effort": "high"}
    job = create(client, configuration=configuration, priority="low", webhook_configurations=[{"retries": 9}])
    assert job["configuration"]["rules"] == [RULES[0]]
    assert job["configuration"]["parsing_configuration"] == {"lang": "de", "max_pages": None, "target_pages": None}


def configured(**fields: Any) -> dict[str, Any]:
    return body_of(UNKNOWN_FILE, configuration={"rules": RULES} | fields)


def ruled(**fields: Any) -> dict[str, Any]:
    return configured(rules=[RULES[0] | fields])


INVALID = {
    "no input": body_of(),
    "two inputs": body_of(UNKNOWN_FILE, file_id=UNKNOWN_FILE),
    "three inputs": body_of(UNKNOWN_FILE, file_id=UNKNOWN_FILE, parse_job_id="pjb-1"),
    "a long input": body_of("d" * 201),
    "a number as input": body_of(7),
    "both configurations": body_of(UNKNOWN_FILE, configuration_id="cfg-1"),
    "neither configuration": {"file_input": UNKNOWN_FILE},
    "no rules": configured(rules=[]),
    "a type twice": configured(rules=[RULES[0], RULES[0]]),
    "a type twice but for its case": configured(rules=[RULES[0], RULES[0] | {"type": "INVOICE"}]),
    "an empty type": ruled(type=""),
    "a blank type": ruled(type="  "),
    "a long type": ruled(type="t" * 51),
    "a type with a slash": ruled(type="in/voice"),
    "a type with a line's end": ruled(type="invoice\n"),
    "a short description": ruled(description="d" * 9),
    "a long description": ruled(description="d" * 501),
    "a blank description": ruled(description=" " * 20),
    "a mode of v1": configured(mode="MULTIMODAL"),
    "no pages": configured(parsing_configuration={"max_pages": 0}),
    "page 0": configured(parsing_configuration={"target_pages": "0"}),
    "a range that ends before it begins": configured(parsing_configuration={"target_pages": "3-1"}),
    "no page numbers": configured(parsing_configuration={"target_pages": "all"}),
    "an event that is no text": body_of(UNKNOWN_FILE, webhook_configurations=[{"webhook_events": [7]}]),
    "a list": [],
    "a sentence": "classify this",
    "nothing": None,
}


@pytest.mark.parametrize("body", INVALID.values(), ids=INVALID)
def test_an_invalid_body_is_told_where_it_is_wrong(client: httpx.Client, body: Any) -> None:
    faults = refused(client, 422, body)
    assert faults
    assert all(set(fault) == {"loc", "msg", "type"} and fault["loc"][0] == "body" for fault in faults)
    assert jobs_of(client) == 0


@pytest.mark.parametrize(
    "body",
    [
        {"file_input": "\ud800"},
        {"configuration_id": "\ud800"},
        {"transaction_id": "\ud800"},
        {"webhook_configuration_ids": ["\ud800"]},
        {"webhook_configurations": [{"webhook_url": "\ud800"}]},
        {"webhook_configurations": [{"webhook_headers": {"\ud800": "x"}}]},
    ],
)
def test_half_a_character_is_an_invalid_body(client: httpx.Client, body: dict[str, Any]) -> None:
    content = json.dumps({"file_input": "f", "configuration_id": "c"} | body)
    answer = client.post(V2, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"]


@pytest.mark.parametrize("file_input", ["d" * 200, UNKNOWN_FILE, "no-file", "pjb-", "pjb-1", "../../etc/passwd", ""])
def test_an_input_that_is_not_there_is_a_bad_request(client: httpx.Client, file_input: str) -> None:
    assert "not found" in refused(client, 400, body_of(file_input))
    assert jobs_of(client) == 0


def test_a_strangers_file_is_no_different_from_none(client: httpx.Client, stranger: httpx.Client) -> None:
    theirs = upload(stranger)
    told = refused(client, 400, body_of(theirs))
    assert told == refused(client, 400, body_of(UNKNOWN_FILE)).replace(UNKNOWN_FILE, theirs)


def test_a_strangers_parse_job_is_no_different_from_none(working: httpx.Client, stranger: httpx.Client) -> None:
    theirs = ended(stranger, create(stranger)["id"])["parse_job_id"]
    nothing = "pjb-00000000-0000-4000-8000-000000000000"
    assert refused(working, 400, body_of(theirs)) == refused(working, 400, body_of(nothing)).replace(nothing, theirs)


def test_a_strangers_configuration_is_no_different_from_none(client: httpx.Client, stranger: httpx.Client) -> None:
    theirs, nothing = saved(stranger)["id"], "cfg-00000000-0000-4000-8000-000000000000"
    body = body_of(upload(client), configuration=None, configuration_id=theirs)
    told = refused(client, 400, body)
    assert told == refused(client, 400, body | {"configuration_id": nothing}).replace(nothing, theirs)


def test_a_file_whose_time_is_over_is_not_there(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file_id = upload(client)
    stored(classify_server._running, end, file_id)
    assert "not found" in refused(client, 400, body_of(file_id))


def test_saved_rules_are_copied_into_the_job(client: httpx.Client) -> None:
    configuration = saved(client)
    job = create(client, configuration=None, configuration_id=configuration["id"])
    changed = {"product_type": "classify_v2", "rules": [RULES[1]]}
    client.put(f"{CONFIGURATIONS}/{configuration['id']}", json={"parameters": changed}).raise_for_status()
    later = got(client, f"{V2}/{job['id']}")

    assert later["configuration_id"] == configuration["id"]
    assert later["configuration"]["rules"] == RULES
    assert later["configuration"]["parsing_configuration"]["max_pages"] == 3


def test_saved_rules_outlive_their_deletion_in_the_job(working: httpx.Client) -> None:
    configuration = saved(working)
    job = create(working, configuration=None, configuration_id=configuration["id"])
    working.delete(f"{CONFIGURATIONS}/{configuration['id']}").raise_for_status()
    assert ended(working, job["id"])["result"]["type"] == "invoice"


def test_no_webhook_configuration_is_saved_here(client: httpx.Client) -> None:
    file_id = upload(client)
    assert "webhook" in refused(client, 400, body_of(file_id, webhook_configuration_ids=["whk-1"]))
    assert create(client, file_id, webhook_configuration_ids=[])["status"] == "PENDING"


def test_a_bad_webhook_is_refused_with_its_place(client: httpx.Client) -> None:
    webhooks = [{"webhook_url": "https://example.com"}, {"webhook_headers": {"X-A": "a\r\nX-B: b"}}]
    [fault] = refused(client, 422, body_of(upload(client), webhook_configurations=webhooks))
    assert fault["loc"] == ["body", "webhook_configurations", 1, "webhook_headers"]
    assert jobs_of(client) == 0


def test_secrets_come_back_in_no_answer(client: httpx.Client) -> None:
    webhook = {
        "webhook_url": "https://example.com",
        "webhook_headers": {"X-Token": "s3cr3t"},
        "webhook_signing_secret": "s3cr3t",
    }
    accepted = client.post(V2, json=body_of(upload(client), webhook_configurations=[webhook]))
    invalid = client.post(V2, json=body_of(webhook_configurations=[webhook, webhook | {"webhook_url": 7}]))
    listed = client.get(V2)

    assert (accepted.status_code, invalid.status_code) == (200, 422)
    assert "s3cr3t" not in accepted.text + invalid.text + listed.text


def test_a_repeated_transaction_returns_the_first_job_and_changes_nothing(client: httpx.Client) -> None:
    first = create(client, transaction_id="t-1")
    others = [
        body_of(UNKNOWN_FILE, transaction_id="t-1"),
        body_of("pjb-1", transaction_id="t-1", webhook_configuration_ids=["whk-1"]),
        {"file_input": UNKNOWN_FILE, "configuration_id": "cfg-1", "transaction_id": "t-1"},
        body_of(UNKNOWN_FILE, transaction_id="t-1", webhook_configurations=[{"webhook_headers": {"a b": "c"}}]),
    ]
    for body in others:
        again = client.post(V2, json=body)
        assert again.status_code == 200, again.text
        assert {**again.json(), "status": "", "updated_at": ""} == {**first, "status": "", "updated_at": ""}
    assert jobs_of(client) == 1


def test_a_repeated_transaction_returns_a_job_that_has_ended(
    classify_server: ClassifyServer, working: httpx.Client
) -> None:
    classify_server.faults.job("failed", times=1)
    failed = ended(working, create(working, transaction_id="t-1")["id"])
    again = create(working, transaction_id="t-1")
    assert again == failed
    assert again["status"] == "FAILED"


@pytest.mark.parametrize(
    "transaction_id", ["", " ", "t\0", "t\r\nX: y", "\u202e\U0001f4c4", "t" * 10_000, "../t", "%00"]
)
def test_any_text_is_a_transaction_id_and_comes_back_as_it_was(client: httpx.Client, transaction_id: str) -> None:
    first = create(client, transaction_id=transaction_id)
    assert first["transaction_id"] == transaction_id
    assert create(client, UNKNOWN_FILE, transaction_id=transaction_id)["id"] == first["id"]
    assert create(client, transaction_id=f"{transaction_id}.")["id"] != first["id"]


def test_a_transaction_is_its_projects_own(client: httpx.Client, stranger: httpx.Client) -> None:
    mine, theirs = create(client, transaction_id="t-1"), create(stranger, transaction_id="t-1")
    assert mine["id"] != theirs["id"]
    assert jobs_of(client) == jobs_of(stranger) == 1


def test_a_deleted_jobs_transaction_can_be_used_again(client: httpx.Client) -> None:
    first = create(client, transaction_id="t-1")
    client.post(f"{V2}/{first['id']}/cancel").raise_for_status()
    client.delete(f"{V2}/{first['id']}").raise_for_status()
    assert create(client, transaction_id="t-1")["id"] != first["id"]


async def test_50_creates_at_once_with_one_transaction_make_one_job(
    classify_server: ClassifyServer, client: httpx.Client
) -> None:
    body = body_of(await asyncio.to_thread(upload, client), transaction_id="t-1")
    async with httpx.AsyncClient(base_url=client.base_url, headers=client.headers, timeout=30) as other:
        answers = await asyncio.gather(*(other.post(V2, json=body) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert classify_server.requests.count(f"POST {V2}") == 50
    assert await asyncio.to_thread(jobs_of, client) == 1


def test_jobs_without_a_transaction_are_all_made(client: httpx.Client) -> None:
    file_id = upload(client)
    assert len({create(client, file_id)["id"] for _ in range(3)}) == 3
