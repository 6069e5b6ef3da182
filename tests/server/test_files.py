from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from classify_core.testing.server import ClassifyServer
from tests.server.files_api import FILES, OLDER_FILES, listed, uploaded
from tests.server.jobs_api import create, ended
from tests.server.projects import end, stored

UNKNOWN = [
    "dfl-00000000-0000-4000-8000-000000000000",
    "00000000-0000-4000-8000-000000000000",
    "dfl-",
    "no-id",
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "pjb-00000000-0000-4000-8000-000000000000",
    "00000000000040008000000000000000",
    "9" * 3000,
    "\N{SNOWMAN}",
]


def content_of(client: httpx.Client, file_id: str) -> bytes:
    return httpx.get(client.get(f"{FILES}/{file_id}/content").json()["url"]).content


def spellings(file: dict[str, Any]) -> tuple[str, ...]:
    bare = file["id"].removeprefix("dfl-")
    return (f"dfl-{bare}", bare, bare.upper())


def test_an_upload_is_answered_as_published(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file = uploaded(client, "Übersicht März.PDF", b"%PDF", external_file_id="mine-1")

    begin = datetime.fromisoformat(file.pop("last_modified_at"))
    assert datetime.fromisoformat(file.pop("expires_at")) == begin + timedelta(hours=48)
    assert file.pop("id").startswith("dfl-")
    assert file == {
        "name": "Übersicht März.PDF",
        "project_id": classify_server.project_id,
        "external_file_id": "mine-1",
        "file_type": "pdf",
        "purpose": "classify",
        "download_url": None,
    }


@pytest.mark.parametrize("purpose", ["user_data", "parse", "extract", "split", "classify", "sheet", "agent_app"])
def test_each_published_purpose_is_kept(client: httpx.Client, purpose: str) -> None:
    assert uploaded(client, purpose=purpose)["purpose"] == purpose


@pytest.mark.parametrize("form", [{}, {"purpose": ""}, {"purpose": "theft"}, {"purpose": "CLASSIFY"}])
def test_another_purpose_is_refused(client: httpx.Client, form: dict[str, str]) -> None:
    answer = client.post(FILES, files={"file": ("a.txt", b"x")}, data=form)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "purpose"])
    assert listed(client) == []


def test_both_spellings_of_an_id_work_on_every_route(client: httpx.Client) -> None:
    file = uploaded(client)
    for spelling in spellings(file):
        assert client.get(f"{FILES}/{spelling}").json() == file
        assert content_of(client, spelling) == b"an invoice"
        assert client.get(f"{OLDER_FILES}/{spelling}").json()["name"] == "a.txt"
        assert client.get(f"{OLDER_FILES}/{spelling}/content").status_code == 200
        assert listed(client, file_ids=[spelling]) == [file]
        query = client.post(f"{FILES}/query", json={"filter": {"file_ids": [spelling]}})
        assert query.json()["items"] == [file]
    for position in range(3):
        assert client.delete(f"{FILES}/{spellings(uploaded(client))[position]}").status_code == 204
    assert listed(client) == [file]


@pytest.mark.parametrize("file_id", UNKNOWN)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{FILES}/{{}}"),
        ("DELETE", f"{FILES}/{{}}"),
        ("GET", f"{FILES}/{{}}/content"),
        ("GET", f"{OLDER_FILES}/{{}}"),
        ("GET", f"{OLDER_FILES}/{{}}/content"),
    ],
)
def test_an_unknown_file_is_not_found(client: httpx.Client, method: str, path: str, file_id: str) -> None:
    assert client.request(method, path.format(file_id)).status_code == 404


def test_a_file_of_another_project_is_answered_as_one_that_is_not_there(
    client: httpx.Client, stranger: httpx.Client
) -> None:
    theirs, nobodys = uploaded(stranger, external_file_id="e")["id"], f"dfl-{uuid4()}"
    for method, path in [
        ("GET", f"{FILES}/{{}}"),
        ("GET", f"{FILES}/{{}}?expand=download_url"),
        ("DELETE", f"{FILES}/{{}}"),
        ("GET", f"{FILES}/{{}}/content"),
        ("GET", f"{OLDER_FILES}/{{}}"),
        ("GET", f"{OLDER_FILES}/{{}}/content"),
        ("GET", f"{FILES}?file_ids={{}}"),
    ]:
        known, unknown = (client.request(method, path.format(file_id)) for file_id in (theirs, nobodys))
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text.replace(nobodys, theirs))
    assert listed(client, external_file_id="e") == listed(client, file_name="a.txt") == listed(client) == []
    assert stranger.get(f"{FILES}/{theirs}").status_code == 200


def test_an_address_of_the_content_comes_only_when_asked_for(client: httpx.Client) -> None:
    file = uploaded(client, content=b"bytes")
    query = {"expand": ["something", "download_url"]}

    [item] = listed(client, **query)
    single = client.get(f"{FILES}/{file['id']}", params=query).json()
    assert (
        httpx.get(item["download_url"]["url"]).content == httpx.get(single["download_url"]["url"]).content == b"bytes"
    )
    assert listed(client, expand="something") == [file]


def test_a_deleted_file_is_gone_with_its_content(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file = uploaded(client)
    address = client.get(f"{FILES}/{file['id']}/content").json()["url"]
    path = classify_server._service.file_folder.path_of(file["project_id"], file["id"].removeprefix("dfl-"))
    assert path.read_bytes() == b"an invoice"

    assert client.delete(f"{FILES}/{file['id']}").content == b""
    assert not path.exists()
    assert {client.get(f"{FILES}/{file['id']}").status_code, httpx.get(address).status_code} == {404}
    assert client.delete(f"{FILES}/{file['id']}").status_code == 404
    assert listed(client) == []


def test_a_file_whose_time_is_over_is_as_good_as_gone(classify_server: ClassifyServer, client: httpx.Client) -> None:
    file = uploaded(client)
    address = client.get(f"{FILES}/{file['id']}/content").json()["url"]
    stored(classify_server._running, end, file["id"])

    for path in (f"{FILES}/{file['id']}", f"{FILES}/{file['id']}/content", f"{OLDER_FILES}/{file['id']}"):
        assert client.get(path).status_code == 404
    assert client.delete(f"{FILES}/{file['id']}").status_code == 404
    assert httpx.get(address).status_code == 404
    assert client.get(FILES).json() == {"items": [], "next_page_token": None, "total_size": 0}


def test_the_next_upload_makes_room_by_removing_what_has_expired(
    classify_server: ClassifyServer, client: httpx.Client
) -> None:
    file = uploaded(client)
    path = classify_server._service.file_folder.path_of(file["project_id"], file["id"].removeprefix("dfl-"))
    stored(classify_server._running, end, file["id"])
    assert path.exists()

    kept = uploaded(client, content=b"new")
    assert not path.exists()
    assert content_of(client, kept["id"]) == b"new"


def test_the_next_upload_makes_room_by_forgetting_texts_of_more_than_48_hours(
    classify_server: ClassifyServer, client: httpx.Client
) -> None:
    ended(client, create(client)["id"])
    texts = "SELECT COUNT(*) FROM parse_jobs WHERE project_id = ?", (classify_server.project_id,)
    running = classify_server._running
    stored(running, lambda connection: connection.execute("UPDATE parse_jobs SET created_at = '2020'") and None)
    assert stored(running, lambda connection: connection.execute(*texts).fetchone()[0]) == 1

    uploaded(client, content=b"new")
    assert stored(running, lambda connection: connection.execute(*texts).fetchone()[0]) == 0


def test_fifty_uploads_at_once_are_fifty_files(client: httpx.Client) -> None:
    contents = {f"{number}.bin": bytes([number]) * (number * 2_000 + 1) for number in range(50)}
    with ThreadPoolExecutor(50) as threads:
        files = list(threads.map(lambda item: uploaded(client, *item), contents.items()))

    assert len({file["id"] for file in files}) == 50
    assert {file["name"]: content_of(client, file["id"]) for file in files} == contents


def test_the_same_bytes_may_be_uploaded_twice(client: httpx.Client) -> None:
    one, two = (uploaded(client, external_file_id="e") for _ in range(2))
    assert one["id"] != two["id"]
    client.delete(f"{FILES}/{one['id']}")
    assert content_of(client, two["id"]) == b"an invoice"
