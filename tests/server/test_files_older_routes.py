from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from classify_core.testing.server import ClassifyServer

FILES = "/api/v1/files"


def test_an_upload_is_answered_in_the_older_form(classify_server: ClassifyServer, client: httpx.Client) -> None:
    query = {"external_file_id": "mine-1", "storage_type": "Permanent", "project_id": classify_server.project_id}
    answer = client.post(FILES, params=query, files={"upload_file": ("Bill.PDF", b"%PDF")})
    file = answer.json()

    assert answer.status_code == 200
    assert client.get(f"{FILES}/{file['id']}").json() == file
    moments = {datetime.fromisoformat(file.pop(name)) for name in ("created_at", "updated_at", "last_modified_at")}
    assert {datetime.fromisoformat(file.pop("expires_at")) - timedelta(hours=48)} == moments
    assert file.pop("id").count("-") == 4
    assert file == {
        "name": "Bill.PDF",
        "project_id": classify_server.project_id,
        "file_size": 4,
        "file_type": "pdf",
        "external_file_id": "mine-1",
        "purpose": None,
        "data_source_id": None,
        "permission_info": None,
        "resource_info": None,
    }


def test_the_form_of_the_older_client_is_understood(client: httpx.Client) -> None:
    answer = client.post(FILES, data={}, files={"upload_file": ("a.txt", b"an invoice", "text/plain")})
    file_id = answer.json()["id"]
    address = client.get(f"{FILES}/{file_id}/content", params={"expires_at_seconds": 60}).json()
    assert httpx.get(address["url"]).content == b"an invoice"


def test_older_and_newer_routes_show_the_same_files(client: httpx.Client) -> None:
    older = client.post(FILES, files={"upload_file": ("a.txt", b"x")}).json()
    newer = client.get(f"/api/v1/beta/files/{older['id']}").json()
    assert (newer["id"], newer["name"]) == (f"dfl-{older['id']}", "a.txt")


@pytest.mark.parametrize("files", [{"file": ("a.txt", b"x")}, {"upload_file": (None, b"text")}])
def test_a_form_without_the_older_field_is_invalid(client: httpx.Client, files: dict[str, tuple[str, bytes]]) -> None:
    assert client.post(FILES, files=files).status_code == 422


def test_an_older_upload_for_another_project_is_forbidden(client: httpx.Client) -> None:
    query = {"project_id": "00000000-0000-4000-8000-000000000000"}
    assert client.post(FILES, params=query, files={"upload_file": ("a.txt", b"x")}).status_code == 403
    assert client.get("/api/v1/beta/files").json()["items"] == []
