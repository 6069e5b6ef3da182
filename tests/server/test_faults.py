from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from classify_core import InvalidOptionError
from classify_core.server import Faults, load_faults
from classify_core.testing.server import ClassifyServer
from tests.server.projects import client_of
from tests.server.wire import answer_on, head, wire_to

CONFIGURATION = {
    "rules": [{"type": "invoice", "description": "A bill with invoice number, line items and the total amount due."}]
}
FILES = "/api/v1/beta/files"
CONFIGURATIONS = "/api/v1/beta/configurations"
NEW = {"name": "mine", "parameters": {"product_type": "classify_v2", **CONFIGURATION}}


@pytest.fixture
def client(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        yield client


def _hits(faults: Faults, count: int, route: str = "GET /api/v2/classify") -> list[bool]:
    method, path = route.split()
    return [faults.for_request(method, path) is not None for _ in range(count)]


def _upload(client: httpx.Client) -> httpx.Response:
    return client.post(FILES, files={"file": ("a.txt", b"invoice number 7")}, data={"purpose": "classify"})


def _kept(client: httpx.Client) -> int:
    return len(client.get(FILES).json()["items"])


# What is drawn


def test_the_same_seed_hits_the_same_requests_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.request(share=0.3)
        return _hits(faults, 200)

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)
    assert 40 <= sum(drawn(7)) <= 80


def test_what_a_fault_draws_does_not_depend_on_other_faults_nor_on_other_requests() -> None:
    alone, crowded = Faults(1), Faults(1)
    alone.request("GET /api/v2/classify", share=0.5)
    crowded.request("GET /api/v2/classify", share=0.5)
    crowded.request("*", "reset", share=0.5)
    crowded.job(share=0.5)
    expected = _hits(alone, 100)
    found = []
    for _ in range(100):
        crowded.for_request("POST", "/api/v1/files")
        crowded.for_job(["a.pdf"])
        fault = crowded.for_request("GET", "/api/v2/classify")
        found.append(fault is not None and fault.fault == "error")
    assert found == expected


def test_a_fault_behind_another_goes_on_with_its_own_numbers() -> None:
    def met(route_of_the_first: str) -> list[str | None]:
        faults = Faults(1)
        faults.request(route_of_the_first, share=0.5)
        faults.request("*", "reset", share=0.5)
        drawn = [faults.for_request("GET", "/x") for _ in range(100)]
        return [None if fault is None else fault.fault for fault in drawn]

    alone, behind = met("/elsewhere"), met("*")
    seen = [(was, found) for was, found in zip(alone, behind, strict=True) if found != "error"]
    assert 0 < len(seen) < 100
    assert all(was == found for was, found in seen)


def test_threads_get_the_draws_of_one_fault_between_them() -> None:
    faults, expected = Faults(3), Faults(3)
    for each in (faults, expected):
        each.request(share=0.4)
    found: list[bool] = []

    def draw() -> None:
        found.extend(_hits(faults, 250))

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == sum(_hits(expected, 1000))


def test_a_fault_can_be_bounded_and_begin_late() -> None:
    faults = Faults()
    faults.request(times=2, after=3)
    assert _hits(faults, 8) == [False] * 3 + [True] * 2 + [False] * 3


def test_the_first_fault_that_strikes_is_met_and_the_next_keeps_its_times() -> None:
    faults = Faults()
    faults.request(fault="error", times=1)
    faults.request(fault="reset", times=1)
    met = [faults.for_request("GET", "/") for _ in range(3)]
    assert [fault and fault.fault for fault in met] == ["error", "reset", None]


def test_no_share_is_no_fault_and_a_whole_share_is_each() -> None:
    faults = Faults()
    faults.request("/never", share=0.0)
    faults.request("/always", share=1.0)
    assert _hits(faults, 100, "GET /never") == [False] * 100
    assert _hits(faults, 100, "GET /always") == [True] * 100


@pytest.mark.parametrize(
    ("route", "request_line", "is_meant"),
    [
        ("*", "DELETE /api/v1/files/1", True),
        ("POST /api/v2/classify", "POST /api/v2/classify", True),
        ("POST /api/v2/classify", "GET /api/v2/classify", False),
        ("POST /api/v2/classify", "POST /api/v2/classify/1/cancel", False),
        ("/api/v2/classify/{job_id}", "GET /api/v2/classify/1", True),
        ("/api/v2/classify/{job_id}", "GET /api/v2/classify/1/cancel", False),
        ("GET /api/*", "GET /api/v2/classify/1", True),
        ("* /api/v2/classify", "GET /api/v2/classify", True),
        ("/api/v2.classify", "GET /api/v2/classify", False),
    ],
)
def test_a_route_is_a_method_and_a_path_with_wildcards(route: str, request_line: str, is_meant: bool) -> None:  # noqa: FBT001 - a parameter
    faults = Faults()
    faults.request(route)
    assert _hits(faults, 1, request_line) == [is_meant]


def test_jobs_are_meant_by_any_of_their_files_and_webhooks_by_their_event() -> None:
    faults = Faults()
    faults.job("failed", file="*.pdf", error="PDF_IS_BROKEN: torn")
    faults.webhook("classify.success")
    fault = faults.for_job(["a.txt", "b.pdf"])
    assert fault is not None
    assert (fault.outcome, fault.error) == ("failed", "PDF_IS_BROKEN: torn")
    assert faults.for_job(["a.txt"]) is None
    assert faults.for_webhook("classify.success") is not None
    assert faults.for_webhook("classify.error") is None


def test_cleared_faults_are_over_and_the_next_draw_as_the_first_did() -> None:
    faults = Faults(5)
    faults.request(share=0.5)
    first = _hits(faults, 50)
    faults.clear()
    assert _hits(faults, 50) == [False] * 50
    faults.request(share=0.5)
    assert _hits(faults, 50) == first


# What is given


@pytest.mark.parametrize(
    "values",
    [
        {"route": "classify"},
        {"route": "FETCH /api"},
        {"route": ""},
        {"fault": "explode"},
        {"share": 1.1},
        {"share": -0.1},
        {"share": float("nan")},
        {"share": "0.5"},
        {"times": 0},
        {"after": -1},
        {"status": 200},
        {"fault": "reset", "status": 503},
        {"fault": "slow"},
        {"fault": "slow", "seconds": float("inf")},
        {"fault": "error", "seconds": 1.0},
    ],
)
def test_a_fault_that_cannot_be_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match="RequestFault"):
        Faults().request(**values)


def test_faults_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(
        "seed: 7\n"
        "requests: [{route: POST /api/v2/classify, fault: lost, share: 0.5}]\n"
        "jobs: [{outcome: failed, file: '*.pdf', error: 'PDF_IS_BROKEN: torn'}]\n"
        "webhooks: [{event: classify.success}]\n"
    )
    same = Faults(7)
    same.request("POST /api/v2/classify", "lost", share=0.5)
    expected = _hits(same, 100, "POST /api/v2/classify")
    assert _hits(load_faults(file), 100, "POST /api/v2/classify") == expected
    assert _hits(load_faults(file, seed=8), 100, "POST /api/v2/classify") != expected
    assert load_faults(file).for_job(["a.pdf"]) is not None
    assert load_faults(file).for_webhook("classify.success") is not None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("requests: [{fault: error}, {fault: error, chance: 0.5}]", r"requests\.1\.chance"),
        ("requests: [{fault: error, route: nowhere}]", "nowhere"),
        ("requests: [{fault: error, share: 2}]", r"requests\.0\.share"),
        ("requests: [{route: '*'}]", r"requests\.0\.fault"),
        ("jobs: [{outcome: lost}]", r"jobs\.0\.outcome"),
        ("hooks: []", "hooks"),
        ("seed: often", "seed"),
        ("seed: 1\nseed: 2", "twice"),
        ("- fault: error", "faults.yaml"),
        ("", "faults.yaml"),
        ("requests: [", "faults.yaml"),
    ],
)
def test_a_file_that_cannot_be_is_refused_with_its_name_and_the_entrys(tmp_path: Path, text: str, named: str) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text(text)
    with pytest.raises(InvalidOptionError, match=named) as refusal:
        load_faults(file)
    assert str(file) in str(refusal.value)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary", "."):
        with pytest.raises(InvalidOptionError, match="cannot read the faults"):
            load_faults(tmp_path / name)


# What a client meets


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
        wire.sendall(head("POST", CONFIGURATIONS, classify_server.api_key, "Content-Length: 2") + b"{}")
        with pytest.raises(ConnectionResetError):
            wire.recv(1)
    assert client.get(CONFIGURATIONS).json()["items"] == []
    assert caplog.records == []


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
