"""How the server refuses, whatever is sent."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import httpx
import pytest

from tests.server.jobs_api import V1, V2, body_of
from tests.server.projects import KEYS, client_of, own_server, stored

JSON = {"Content-Type": "application/json"}


def told(answer: httpx.Response) -> str:
    """The sentence of an error."""
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"detail"}
    return str(answer.json()["detail"])


def test_a_route_that_does_not_exist_is_not_found(client: httpx.Client) -> None:
    answer = client.get("/api/v9/classify")
    assert (answer.status_code, told(answer)) == (404, "Not Found")


def test_a_method_that_a_route_does_not_have_is_not_allowed(client: httpx.Client) -> None:
    answer = client.put(V2, json={})
    assert (answer.status_code, told(answer)) == (405, "Method Not Allowed")


@pytest.mark.parametrize("path", [V2, V1])
def test_a_body_that_is_no_json_is_refused(client: httpx.Client, path: str) -> None:
    for content in (b"", b"{", b"\xff\xfe", b'{"a": 1}}', b"NaN"):
        answer = client.post(path, content=content, headers=JSON)
        assert answer.status_code == 422
        assert all(set(fault) == {"loc", "msg", "type"} for fault in answer.json()["detail"])


@pytest.mark.parametrize(
    "content", [b"[" * 200_000, b'{"a":' * 100_000, b"1" * 10_000], ids=["lists", "objects", "digits"]
)
def test_a_body_that_cannot_be_read_is_refused(client: httpx.Client, content: bytes) -> None:
    answer = client.post(V2, content=content, headers=JSON)
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"]


def test_a_body_of_another_kind_is_refused(client: httpx.Client) -> None:
    answer = client.post(V2, content=b"file_input=dfl-1", headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 422


def test_what_was_sent_is_not_sent_back(client: httpx.Client) -> None:
    answer = client.post(V2, json=body_of("s3cr3t" * 100, configuration="s3cr3t", transaction_id=["s3cr3t"]))
    assert answer.status_code == 422
    assert "s3cr3t" not in answer.text


def test_a_body_of_very_many_faults_gets_a_short_answer(client: httpx.Client) -> None:
    answer = client.post(V2, json=body_of("f", configuration={"rules": [1] * 50_000}))
    assert answer.status_code == 422
    assert len(answer.json()["detail"]) == 100


def test_half_a_character_in_a_name_does_not_break_the_answer(client: httpx.Client) -> None:
    body = b'{"file_ids": ["x"], "rules": [], "webhook_configurations": [{"\\ud800": 1}]}'
    answer = client.post(V1, content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["detail"][-1]["loc"][:3] == ["body", "webhook_configurations", 0]


def _break(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE jobs RENAME TO s3cr3t")


def test_what_nobody_foresaw_is_a_500_without_details(tmp_path: Path) -> None:
    with own_server(tmp_path) as running, client_of(running.base_url, KEYS[0]) as client:
        stored(running, _break)
        answer = client.get(V2)
        stored(running, lambda connection: connection.execute("ALTER TABLE s3cr3t RENAME TO jobs"))

        assert (answer.status_code, told(answer)) == (500, "Internal Server Error")
        assert client.get(V2).status_code == 200
