from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from classify_core import ClassifyClient, Rule
from classify_core.server.logs import JsonLines, log_event
from classify_core.server.middleware.request_log import MAX_PATH
from classify_core.testing.server import ClassifyServer
from tests.server.projects import client_of
from tests.server.serving_process import EVERYTHING_LOGGED, serving
from tests.server.wire import head, wire_to
from tests.waiting import wait_until

Lines = Callable[[int], list[dict[str, Any]]]

JOBS = "/api/v2/classify"
SECRETS = {
    "key": "llx-SECRET-key-of-the-user",
    "wrong key": "llx-SECRET-wrong-key",
    "webhook secret": "SECRET-signing",
    "webhook header": "SECRET-header",
    "webhook address": "SECRET-address",
    "document": "SECRET-document-text",
    "file name": "SECRET-file-name",
    "query": "SECRET-query",
    "header": "SECRET-request-header",
    "body": "SECRET-body",
    "rule": "SECRET-rule",
}


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Lines:
    """So many lines as the server would write them; a request's comes after its answer and is waited for."""
    caplog.set_level(logging.INFO, logger="classify_core.server")

    def told(count: int) -> list[dict[str, Any]]:
        wait_until(lambda: len(caplog.records) >= count)
        return [json.loads(JsonLines().format(record)) for record in caplog.records]

    return told


def test_nothing_secret_is_logged_however_much_is(tmp_path: Path) -> None:
    setup = EVERYTHING_LOGGED + "options['allow_private_webhooks'] = True"
    with serving(tmp_path, SECRETS["key"], setup=setup) as server:
        _use(server.base_url)
        code, told, logged = server.stop()
    assert code == 0
    for place, secret in SECRETS.items():
        assert secret not in server.line + told + logged, place
    lines = [json.loads(line) for line in logged.splitlines()]
    assert {"debug", "info"} <= {line["level"] for line in lines}
    assert {line["route"] for line in lines if line["event"] == "request"} >= {JOBS, f"{JOBS}/{{job_id}}"}


def _use(base_url: str) -> None:
    """Puts each secret where it belongs."""
    hook = {
        "webhook_url": f"http://127.0.0.1:9/{SECRETS['webhook address']}",
        "webhook_headers": {"X-Token": SECRETS["webhook header"]},
        "webhook_signing_secret": SECRETS["webhook secret"],
    }
    rules = [Rule(type="invoice", description=f"A bill, {SECRETS['rule']}, with a total amount due.")]
    with ClassifyClient(api_key=SECRETS["key"], base_url=base_url) as client:
        content = f"invoice {SECRETS['document']}, total amount due".encode()
        file = client.files.upload(content, name=f"{SECRETS['file name']}.txt")
        broken = client.files.upload(b"%PDF-1.4 " + content, name=f"{SECRETS['file name']}.pdf")
        for file_id in (file.id, broken.id):
            job = client.jobs.create(file_id, rules=rules, webhook_configurations=[hook])
            wait_until(lambda job=job: client.jobs.get(job.id).status.is_terminal)
    with client_of(base_url, SECRETS["key"]) as client:
        client.get(JOBS, params={"page_token": SECRETS["query"]}, headers={"X-Mine": SECRETS["header"]})
        client.post(JOBS, content=f'{{"file_input": "{SECRETS["body"]}"')
        client.post(JOBS, json={"file_input": SECRETS["body"], "configuration": SECRETS["body"]})
    httpx.get(base_url + JOBS, headers={"Authorization": f"Bearer {SECRETS['wrong key']}"})
    with wire_to(base_url) as wire:
        wire.sendall(f"{SECRETS['body']}\r\n\r\n".encode())
        wire.recv(1)


def _fail(*_: object) -> None:
    raise ValueError(SECRETS["document"])


def test_a_request_is_one_line_with_the_id_that_its_answer_carries(
    classify_server: ClassifyServer, lines: Lines
) -> None:
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        answers = [client.get(f"{JOBS}/no-such-job?x=1"), client.get("/nowhere"), client.get(JOBS)]
    answers.append(httpx.get(classify_server.base_url + JOBS))
    requests = lines(4)
    assert {line["event"] for line in requests} == {"request"}
    assert [line["request_id"] for line in requests] == [answered.headers["x-request-id"] for answered in answers]
    assert len({line["request_id"] for line in requests}) == 4
    assert [(line["method"], line["route"], line["status"]) for line in requests] == [
        ("GET", f"{JOBS}/{{job_id}}", 404),
        ("GET", "/nowhere", 404),
        ("GET", JOBS, 200),
        ("GET", JOBS, 401),
    ]
    assert [line["project"] for line in requests] == [classify_server.project_id] * 3 + [None]
    assert {line["client"] for line in requests} == {"127.0.0.1"}
    assert all(line["seconds"] >= 0 for line in requests)


def test_every_answer_has_a_request_id_whoever_gives_it(classify_server: ClassifyServer) -> None:
    classify_server.faults.request("/fault")
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        answers = [
            client.get("/healthz"),
            client.get("/fault"),
            client.post(JOBS, headers={"Content-Encoding": "gzip"}),
            client.put(JOBS),
        ]
    assert [answered.status_code for answered in answers] == [200, 503, 415, 405]
    assert len({answered.headers["x-request-id"] for answered in answers}) == 4


def test_what_the_server_fails_at_is_a_500_without_details_and_its_place_in_the_log(
    classify_server: ClassifyServer, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classify_server._service.database, "run", _fail)
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        answered = client.get(JOBS)
    monkeypatch.undo()
    assert (answered.status_code, answered.json()) == (500, {"detail": "Internal Server Error"})
    [error, request] = lines(2)
    assert (error["level"], error["event"], error["error"]) == ("error", "request.error", "ValueError")
    assert error["stack"][-1].startswith("test_logs.py:")
    assert error["request_id"] == request["request_id"] == answered.headers["x-request-id"]
    assert SECRETS["document"] not in json.dumps([error, request])


def test_a_client_that_leaves_is_no_error(classify_server: ClassifyServer, lines: Lines) -> None:
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("POST", JOBS, classify_server.api_key, "Content-Length: 100") + b"{")
    [line] = lines(1)
    assert (line["event"], line["level"], line["status"]) == ("request", "info", None)


def test_an_error_is_told_by_its_kind_and_place(lines: Lines) -> None:
    try:
        _fail()
    except ValueError as error:
        log_event("job.failed", level=logging.WARNING, error=error, job_id="j1")
    [line] = lines(1)
    assert (line["event"], line["level"], line["job_id"], line["error"]) == (
        "job.failed",
        "warning",
        "j1",
        "ValueError",
    )
    assert line["stack"][0].startswith("test_logs.py:")
    assert SECRETS["document"] not in json.dumps(line)


def test_another_librarys_message_is_not_told_its_place_is() -> None:
    try:
        _fail()
    except ValueError:
        record = logging.LogRecord("library", logging.ERROR, "/x/part.py", 7, "at %s", ("SECRET",), sys.exc_info())
    line = json.loads(JsonLines().format(record))
    assert "SECRET" not in json.dumps(line)
    assert (line["event"], line["logger"], line["at"], line["error"]) == ("library", "library", "part:7", "ValueError")


def test_a_short_key_is_warned_of_and_not_told(tmp_path: Path) -> None:
    with serving(tmp_path, "llx-short", "llx-long-enough-for-all") as server:
        logged = server.stop()[2]
    [warning] = [json.loads(line) for line in logged.splitlines() if "key.short" in line]
    assert (warning["level"], warning["position"]) == ("warning", 1)
    assert "llx" not in logged


def test_of_an_endless_path_only_the_beginning_is_kept(classify_server: ClassifyServer, lines: Lines) -> None:
    path = "/" + "a" * 50_000
    assert httpx.get(classify_server.base_url + path).status_code == 401
    [request] = classify_server.requests
    assert request.path == lines(1)[0]["route"] == path[:MAX_PATH]


def test_a_line_stays_one_line_whatever_a_path_holds(classify_server: ClassifyServer, lines: Lines) -> None:
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        client.get("/a%0A%7B%22event%22:%22forged%22%7D")
    [line] = lines(1)
    assert line["event"] == "request"
    assert "\n" not in json.dumps(line)
