"""The commands against `classify serve` itself, from upload to deletion."""

from __future__ import annotations

from pathlib import Path

import pytest

from classify_core.testing.server import ClassifyServer
from tests.cli.conftest import RULE_TEXT, Program

TEXT = "Invoice number 7. Line items: two chairs. Total amount due: 80 EUR."


@pytest.fixture
def classify(classify_server: ClassifyServer) -> Program:
    return Program(classify_server)


@pytest.fixture
def file_id(classify: Program, tmp_path: Path) -> str:
    document = tmp_path / "bill.txt"
    document.write_text(TEXT)
    uploaded: str = classify("files", "upload", str(document), "--external-file-id", "INV-7").only["id"]
    return uploaded


def test_a_document_is_uploaded_classified_and_deleted(classify: Program, file_id: str) -> None:
    assert [file["id"] for file in classify("files", "list", "--external-file-id", "INV-7").lines] == [file_id]
    create = ["create", "--file-input", file_id, "--configuration.rules", RULE_TEXT, "--transaction-id", "once"]
    job = classify(*create).only["id"]
    assert classify(*create).only["id"] == job
    waited = classify("wait", job, "--expand", "usage").only
    assert (waited["result"]["type"], waited["usage"]["credits"]) == ("invoice", 1.0)
    assert [each["id"] for each in classify("list", "--status", "COMPLETED", "--job-id", job).lines] == [job]
    assert classify("cancel", job).code == 4
    assert classify("delete", job).only["id"] == job
    assert classify("get", job).code == 4
    assert classify("files", "delete", file_id).code == 0


def test_a_saved_configuration_and_a_parse_job_are_used(classify: Program, file_id: str) -> None:
    saved = classify("configs", "create", "--name", "finance", "--rule", RULE_TEXT).only["id"]
    first = classify("create", "--file-input", file_id, "--configuration-id", saved).only["id"]
    parsed = classify("wait", first).only["parse_job_id"]
    second = classify("create", "--file-input", parsed, "--configuration-id", saved).only["id"]
    assert classify("wait", second, "--expand", "usage").only["usage"]["credits"] == 0
    listed = classify("list", "--configuration-id", saved, "--page-size", "1").lines
    assert {job["id"] for job in listed} == {first, second}
    assert classify("configs", "delete", saved).code == 0


def test_v1_jobs_run(classify: Program, file_id: str) -> None:
    job = classify("classifier:jobs", "create", "--file-id", file_id, "--rule", RULE_TEXT).only["id"]
    while classify("classifier:jobs", "get", "--classify-job-id", job).only["status"] == "PENDING":
        pass
    results = classify("classifier:jobs", "get-results", "--classify-job-id", job).only["items"]
    assert [(item["file_id"], item["result"]["type"]) for item in results] == [(file_id, "invoice")]
    assert job in {each["id"] for each in classify("classifier:jobs", "list").lines}


def test_a_failed_job_is_printed_and_exits_with_1(
    classify: Program, classify_server: ClassifyServer, file_id: str
) -> None:
    classify_server.faults.job("failed", error="PDF_IS_PROTECTED: injected")
    job = classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT).only["id"]
    ended = classify("wait", job)
    assert (ended.code, ended.only["status"]) == (1, "FAILED")
    assert "PDF_IS_PROTECTED" in ended.err


def test_what_the_server_refuses_has_its_exit_code(classify: Program, file_id: str) -> None:
    assert classify("list", "--api-key", "llx-not-a-key-of-this-server").code == 3
    assert classify("list", "--project-id", "00000000-0000-0000-0000-000000000000").code == 3
    unknown = "dfl-00000000-0000-0000-0000-000000000000"
    assert classify("create", "--file-input", unknown, "--configuration.rules", RULE_TEXT).code == 2
    assert classify("files", "get", unknown).code == 4
