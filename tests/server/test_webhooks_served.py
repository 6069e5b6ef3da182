from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from classify_core.server import RunningServer
from classify_core.testing.server import ClassifyServer, options_for_tests
from classify_core.webhook_signatures import verify
from tests.backends import until
from tests.server.projects import stored
from tests.server.webhook_receiver import Receiver

RULES = [
    {"type": "invoice", "description": "A bill with an invoice number, line items, tax and the total amount due."},
    {"type": "recipe", "description": "A cooking recipe with ingredients, quantities and steps of preparation."},
]
INVOICE = b"Invoice number 7, line items, tax, total amount due"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
async def http(classify_server: ClassifyServer) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(classify_server.base_url, classify_server.api_key) as client:
        yield client


def _client(base_url: str, key: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=base_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False, timeout=30.0
    )


async def _upload(http: httpx.AsyncClient, data: bytes = INVOICE, name: str = "bill.txt") -> str:
    answer = await http.post("/api/v1/beta/files", files={"file": (name, data)}, data={"purpose": "classify"})
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _create(http: httpx.AsyncClient, *endpoints: dict[str, Any]) -> httpx.Response:
    return await http.post(
        "/api/v2/classify",
        json={
            "file_input": await _upload(http),
            "configuration": {"rules": RULES},
            "webhook_configurations": endpoints,
        },
    )


async def test_a_v2_job_is_heard_of_from_its_creation_to_its_result(
    http: httpx.AsyncClient, receiver: Receiver
) -> None:
    endpoint = {"webhook_url": receiver.url(), "webhook_signing_secret": "secret", "webhook_output_format": "json"}
    created = (await _create(http, endpoint)).json()
    await until(lambda: len(receiver.received) == 3)
    assert sorted(receiver.events()) == ["classify.pending", "classify.running", "classify.success"]
    assert all(verify("secret", each.body, each.headers["lc-signature"]) for each in receiver.received)
    done = (await http.get(f"/api/v2/classify/{created['id']}")).json()
    [told] = [each.event["data"] for each in receiver.received if each.event["event_type"] == "classify.success"]
    assert told["result"] == done["result"]
    assert told["result"]["type"] == "invoice"
    shared = ("id", "project_id", "status", "file_input", "document_input_type", "parse_job_id", "transaction_id")
    assert {name: told[name] for name in shared} == {name: done[name] for name in shared}


async def test_a_v1_job_one_of_whose_files_cannot_be_read_tells_its_partial_success(
    http: httpx.AsyncClient, receiver: Receiver
) -> None:
    file_ids = [await _upload(http), await _upload(http, b"%PDF-1.7 broken", "broken.pdf")]
    body = {"file_ids": file_ids, "rules": RULES, "webhook_configurations": [{"webhook_url": receiver.url()}]}
    created = await http.post("/api/v1/classifier/jobs", json=body)
    assert created.status_code == 200, created.text
    await until(lambda: "classify.partial_success" in receiver.events())
    [told] = [each for each in receiver.received if each.event["event_type"] == "classify.partial_success"]
    assert isinstance(json.loads(told.body), str)
    assert told.event["data"]["status"] == "PARTIAL_SUCCESS"
    assert told.event["data"]["job_id"] == created.json()["id"]


async def test_a_cancelled_job_tells_that_it_is(
    http: httpx.AsyncClient, classify_server: ClassifyServer, receiver: Receiver
) -> None:
    classify_server.job_seconds = 60.0
    endpoint = {"webhook_url": receiver.url(), "webhook_events": ["classify.cancelled", "classify.success"]}
    created = (await _create(http, endpoint)).json()
    (await http.post(f"/api/v2/classify/{created['id']}/cancel")).raise_for_status()
    await until(lambda: receiver.received)
    assert receiver.events() == ["classify.cancelled"]


async def test_a_webhook_that_a_fault_hits_never_comes(
    http: httpx.AsyncClient, classify_server: ClassifyServer, receiver: Receiver
) -> None:
    classify_server.faults.webhook("classify.running")
    await _create(http, {"webhook_url": receiver.url()})
    await until(lambda: "classify.success" in receiver.events())
    await until(lambda: len(receiver.received) == 2)
    assert sorted(receiver.events()) == ["classify.pending", "classify.success"]


async def test_no_answer_holds_an_endpoints_secrets(http: httpx.AsyncClient, receiver: Receiver) -> None:
    endpoint = {
        "webhook_url": receiver.url("/?token=SECRET"),
        "webhook_headers": {"Authorization": "SECRET"},
        "webhook_signing_secret": "SECRET",
    }
    created = await _create(http, endpoint)
    assert created.status_code == 200
    answers = [created, await http.get(f"/api/v2/classify/{created.json()['id']}"), await http.get("/api/v2/classify")]
    for broken in (
        {"webhook_headers": {"X-A": "SECRET\r\nX-B: 1"}},
        {"webhook_headers": {"SECRET name": "1"}},
        {"webhook_output_format": "SECRET"},
        {"webhook_url": "http://user:SECRET@example.test/"},
        {"webhook_signing_secret": ["SECRET"]},
        {"webhook_events": ["classify.SECRET"]},
    ):
        refused = await _create(http, endpoint | broken)
        assert refused.status_code == 422
        answers.append(refused)
    assert [answer.text for answer in answers if "SECRET" in answer.text] == []


def _owed(connection: sqlite3.Connection) -> int:
    [count] = connection.execute("SELECT COUNT(*) FROM deliveries").fetchone()
    return int(count)


async def test_an_endpoints_secrets_are_gone_once_a_job_has_ended_and_its_events_are_sent(
    receiver: Receiver, tmp_path: Path
) -> None:
    endpoint = {"webhook_url": receiver.url("/"), "webhook_signing_secret": "a-secret-of-the-endpoint"}
    with RunningServer(options_for_tests(tmp_path)) as running:
        async with _client(running.base_url, running.api_key) as http:
            await _create(http, endpoint)
            await until(lambda: len(receiver.received) == 3)
            await until(lambda: stored(running, _owed) == 0)
    assert b"a-secret-of-the-endpoint" not in _kept_bytes(tmp_path)


def _kept_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("classify.sqlite3*"))


async def test_a_server_that_is_not_told_otherwise_tells_no_private_address_anything(
    receiver: Receiver, tmp_path: Path
) -> None:
    with RunningServer(replace(options_for_tests(tmp_path), allow_private_webhooks=False)) as running:
        async with _client(running.base_url, running.api_key) as http:
            for host in ("127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"):
                refused = await _create(http, {"webhook_url": receiver.url(host=host)})
                assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (
                    422,
                    ["body", "webhook_configurations", 0, "webhook_url"],
                )
    assert receiver.received == []
