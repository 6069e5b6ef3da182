"""The commands of uploaded documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Program
from tests.service import ClassifyService


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "invoice.txt"
    path.write_text("an invoice")
    return path


def test_an_upload_sends_the_document_with_its_fields(
    service: ClassifyService, classify: Program, document: Path
) -> None:
    ended = classify("files", "upload", str(document), "--external-file-id", "INV-1", "--purpose", "user_data")
    assert ended.code == 0, ended.err
    [request] = service.requests
    assert {name: part.content for name, part in request.form.items()} == {
        "file": b"an invoice",
        "external_file_id": b"INV-1",
        "purpose": b"user_data",
    }
    assert service.files[ended.only["id"]].name == "invoice.txt"


def test_a_document_that_cannot_be_read_does_not_stop_the_others(
    service: ClassifyService, classify: Program, document: Path, tmp_path: Path
) -> None:
    missing = tmp_path / "missing.pdf"
    ended = classify("files", "upload", str(missing), str(document))
    assert (ended.code, ended.only["name"]) == (1, "invoice.txt")
    assert "missing.pdf" in ended.err


def test_an_external_id_of_several_documents_is_refused(
    service: ClassifyService, classify: Program, document: Path
) -> None:
    ended = classify("files", "upload", str(document), str(document), "--external-file-id", "INV-1")
    assert (ended.code, service.requests) == (2, [])
    assert "--external-file-id" in ended.err


def test_every_filter_of_a_listing_is_sent(service: ClassifyService, classify: Program) -> None:
    ended = classify(
        *["files", "list", "--file-id", "a", "--file-id", "b", "--file-name", "x.pdf", "--external-file-id", "INV-1"],
        *["--order-by", "name", "--expand", "download_url", "--page-size", "9", "--page-token", "after-0"],
    )
    assert ended.code == 0, ended.err
    [request] = service.requests
    assert request.query == {
        "file_ids": ["a", "b"],
        "file_name": ["x.pdf"],
        "external_file_id": ["INV-1"],
        "order_by": ["name"],
        "expand": ["download_url"],
        "page_size": ["9"],
        "page_token": ["after-0"],
    }


def test_files_are_listed_over_pages(service: ClassifyService, classify: Program) -> None:
    files = [service.add_file(f"{number}.txt", b"text") for number in range(4)]
    ended = classify("files", "list", "--page-size", "2", "--max-items", "3")
    assert [file["id"] for file in ended.lines] == files[:3]


@pytest.mark.parametrize("spelling", [["--file-id"], []])
def test_a_file_is_told_and_deleted(
    service: ClassifyService, classify: Program, file_id: str, spelling: list[str]
) -> None:
    got = classify("files", "get", *spelling, file_id, "--expand", "download_url").only
    assert got["download_url"]["url"].endswith(file_id)
    deleted = classify("files", "delete", *spelling, file_id, "--json")
    assert (deleted.code, deleted.out, service.files) == (0, "", {})
    assert file_id in deleted.err
