from __future__ import annotations

import json
import logging
import random

import httpx
import pytest

from classify_core.testing.server import ClassifyServer
from tests.server.wire import answer_on, head, wire_to

FILES = "/api/v1/beta/files"
CONFIGURATIONS = "/api/v1/beta/configurations"
RULE = {"type": "invoice", "description": "A bill with invoice number, line items and the total amount due."}
NEW = {"name": "mine", "parameters": {"product_type": "classify_v2", "rules": [RULE]}}


def _upload(client: httpx.Client) -> httpx.Response:
    return client.post(FILES, files={"file": ("a.txt", b"invoice number 7")}, data={"purpose": "classify"})


def _kept(client: httpx.Client) -> int:
    return len(client.get(FILES).json()["items"])


def test_an_error_is_answered_and_the_work_is_not_done(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.request(f"POST {FILES}", "error", status=500, detail="as ordered", times=1)
    answered = _upload(client)
    assert (answered.status_code, answered.json()) == (500, {"detail": "as ordered"})
    assert _kept(client) == 0
    assert _upload(client).is_success


def test_an_error_is_a_503_unless_it_says_otherwise(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.request()
    answered = client.get("/api/v2/classify")
    assert answered.status_code == 503
    assert set(answered.json()) == {"detail"}


def test_a_lost_answers_work_is_done(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.request(f"POST {FILES}", "lost", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        _upload(client)
    assert _kept(client) == 1
    [lost, _] = classify_server.requests
    assert (lost.status, lost.fault) == (None, "lost")


def test_a_lost_answer_can_be_replaced_by_a_gateways(classify_server: ClassifyServer, client: httpx.Client) -> None:
    classify_server.faults.request(f"POST {FILES}", "lost", status=502, times=1)
    assert _upload(client).status_code == 502
    assert _kept(client) == 1


def test_a_slow_answer_is_whole_and_comes_in_pieces(classify_server: ClassifyServer, client: httpx.Client) -> None:
    fast = client.get("/openapi.json")  # spared, and the longest
    classify_server.faults.request("/api/v2/classify", "slow", seconds=0.2)
    with client.stream("GET", "/api/v2/classify") as answered:
        pieces = list(answered.iter_raw())
    assert fast.is_success
    assert len(pieces) > 1
    assert httpx.Response(200, content=b"".join(pieces)).json()["items"] == []


def test_a_reset_connection_is_seen_as_one_and_the_work_is_not_done(
    classify_server: ClassifyServer, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    classify_server.faults.request("POST *", "reset", times=1)
    with caplog.at_level(logging.WARNING), wire_to(classify_server.base_url) as wire:
        body = json.dumps(NEW).encode()
        told = ("Content-Type: application/json", f"Content-Length: {len(body)}")
        wire.sendall(head("POST", CONFIGURATIONS, classify_server.api_key, *told) + body)
        with pytest.raises(ConnectionResetError):
            wire.recv(1)
    assert caplog.records == []
    assert client.get(CONFIGURATIONS).json()["items"] == []
    assert client.post(CONFIGURATIONS, json=NEW).is_success  # it was the reset alone


def test_nothing_is_logged_as_an_error_of_the_server(
    classify_server: ClassifyServer, client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    for fault in ("error", "lost", "reset"):
        classify_server.faults.request("/api/v2/classify", fault, times=1)
    classify_server.faults.request("/api/v2/classify", "slow", seconds=0.05)
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            try:
                client.get("/api/v2/classify")
            except httpx.TransportError:
                continue
    assert [record.fault for record in classify_server.requests] == ["error", "lost", "reset", "slow"]
    assert caplog.records == []


@pytest.mark.parametrize("path", ["/healthz", "/docs", "/openapi.json"])
def test_health_and_documentation_are_spared(classify_server: ClassifyServer, path: str) -> None:
    classify_server.faults.request("*", "reset")
    assert httpx.get(classify_server.base_url + path).status_code == 200


def test_a_connection_goes_on_after_an_injected_error(classify_server: ClassifyServer) -> None:
    classify_server.faults.request(times=1)
    with wire_to(classify_server.base_url) as wire:
        statuses = []
        for _ in range(2):
            wire.sendall(head("GET", "/api/v2/classify", classify_server.api_key))
            statuses.append(answer_on(wire)[0])
    assert statuses == [503, 200]


def test_a_run_with_a_seed_can_be_repeated(classify_server: ClassifyServer, client: httpx.Client) -> None:
    def run() -> list[int]:
        classify_server.faults.clear()
        classify_server.faults.request("GET /api/v2/classify", share=0.5)
        return [client.get("/api/v2/classify").status_code for _ in range(30)]

    first = run()
    random.seed(random.random())  # what others draw does not matter
    assert run() == first
    assert set(first) == {200, 503}
