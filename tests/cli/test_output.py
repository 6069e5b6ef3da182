"""How results are written: for a person, for a program, and as asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import RULE_TEXT, Program
from tests.service import ClassifyService

pty = pytest.importorskip("pty")  # not on Windows


@pytest.fixture
def jobs(service: ClassifyService, classify: Program) -> list[str]:
    file_id = service.add_file("invoice.txt", b"an invoice")
    return [
        classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT).only["id"] for _ in range(2)
    ]


class Terminal:
    """A terminal of 100 columns that is a command's standard output; standard error is apart."""

    def __init__(self, classify: Program) -> None:
        self._environment = os.environ | classify.environment | {"COLUMNS": "100", "TERM": "dumb"}

    def shows(self, *arguments: str) -> str:
        ours, theirs = pty.openpty()
        command = [sys.executable, "-m", "classify_core.cli", *arguments]
        with open(ours, "rb", buffering=0) as screen:  # noqa: PTH123 - a descriptor
            subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, check=True, env=self._environment)
            os.close(theirs)
            return b"".join(_until_closed(screen)).decode().replace("\r\n", "\n")


def _until_closed(screen: object) -> Iterator[bytes]:
    try:
        while chunk := screen.read(65536):
            yield chunk
    except OSError:  # Linux tells so that the other side is closed
        return


def test_a_listing_is_a_table_on_a_terminal(service: ClassifyService, classify: Program, jobs: list[str]) -> None:
    for job in service.jobs.values():
        job.created_at = "2026-11-22T14:30:15.123456+00:00"
    shown = Terminal(classify).shows("list").splitlines()
    assert shown[0].split() == ["id", "status", "type", "confidence", "created_at"]
    assert [line.split()[0] for line in shown if not line.startswith((" ", "id"))] == jobs
    [created] = {job.created_at[:16].replace("T", " ") for job in service.jobs.values()}
    assert [line.split(maxsplit=4)[1:] for line in shown[1:]] == [["COMPLETED", "invoice", "0.900", created]] * 2


def test_one_thing_is_a_table_of_its_fields_on_a_terminal(classify: Program, jobs: list[str]) -> None:
    shown = Terminal(classify).shows("wait", jobs[0])
    lines = shown.splitlines()
    assert ["status", "COMPLETED"] in [line.split() for line in lines]
    assert lines[lines.index("result") + 1].startswith("  type ")


def test_ids_can_be_copied_from_a_narrow_terminal(classify: Program, file_id: str) -> None:
    parsing = ["--configuration.parsing-configuration.target-pages", "1-3"]
    job = classify("create", "--file-input", file_id, "--rule", RULE_TEXT, *parsing, "--transaction-id", "t" * 36).only
    shown = classify("get", job["id"], "--format", "pretty", COLUMNS="80").out
    assert max(map(len, shown.splitlines())) <= 80
    for name in ("id", "file_input", "transaction_id"):
        assert job[name] in shown


def test_a_terminal_gets_json_where_asked(classify: Program, jobs: list[str]) -> None:
    shown = Terminal(classify).shows("list", "--json")
    assert [json.loads(line)["id"] for line in shown.splitlines()] == jobs


def test_v1_prints_json_on_a_terminal_too(service: ClassifyService, classify: Program, file_id: str) -> None:
    job = classify("classifier:jobs", "create", "--file-id", file_id, "--rule", RULE_TEXT).only["id"]
    assert json.loads(Terminal(classify).shows("classifier:jobs", "get", job))["status"] == "SUCCESS"


@pytest.mark.parametrize("command", [["list"], ["files", "list"], ["configs", "list"], ["classifier:jobs", "list"]])
def test_global_options_are_taken_anywhere(classify: Program, service: ClassifyService, command: list[str]) -> None:
    options = ["--api-key", service.api_key, "--base-url", service.base_url, "--format", "yaml"]
    options += ["--project-id", "prj-1", "--organization-id", "org-1"]
    environment = {"LLAMA_CLOUD_API_KEY": None, "LLAMA_CLOUD_BASE_URL": "ftp://not.used.test"}
    for place in range(len(command) + 1):
        ended = classify(*command[:place], *options, *command[place:], **environment)
        assert (ended.code, ended.out) == (0, "[]\n"), ended.err
        sent = service.requests[-1].query
        assert (sent["project_id"], sent["organization_id"]) == (["prj-1"], ["org-1"])


def test_the_last_of_several_options_prevails(classify: Program, service: ClassifyService) -> None:
    options = [
        ["--project-id", name, "--format", form] for name, form in [("a", "yaml"), ("b", "jsonl"), ("c", "json")]
    ]
    ended = classify(*options[0], "classifier:jobs", *options[1], "list", *options[2])
    assert ended.out == "[]\n"
    assert service.requests[0].query == {"project_id": ["c"]}


def test_json_of_a_listing_is_one_document(classify: Program, jobs: list[str]) -> None:
    assert [job["id"] for job in json.loads(classify("list", "--format", "json").out)] == jobs


def test_json_of_one_thing_is_that_thing(classify: Program, jobs: list[str]) -> None:
    assert json.loads(classify("get", jobs[0], "--format", "json").out)["id"] == jobs[0]


def test_yaml_is_yaml(classify: Program, jobs: list[str]) -> None:
    assert [job["id"] for job in yaml.safe_load(classify("list", "--format", "yaml").out)] == jobs
    assert yaml.safe_load(classify("get", jobs[0], "--format", "yaml").out)["status"] == "COMPLETED"


@pytest.mark.parametrize("form", ["json", "yaml", "jsonl", "pretty"])
def test_a_listing_of_nothing_is_still_of_its_format(classify: Program, form: str) -> None:
    expected = {
        "json": "[]",
        "yaml": "[]",
        "jsonl": "",
        "pretty": "id  status  type  confidence  created_at",
    }
    assert classify("list", "--format", form).out.strip() == expected[form]


def test_a_field_that_only_a_newer_service_tells_is_printed(
    service: ClassifyService, classify: Program, jobs: list[str]
) -> None:
    body = service.jobs[jobs[0]].as_json() | {"colour": "blue"}
    service.fail_next("GET *", body=body)
    assert classify("get", jobs[0]).only["colour"] == "blue"


def test_lines_come_as_soon_as_their_page_is_there(
    service: ClassifyService, classify: Program, jobs: list[str]
) -> None:
    service.fail_next("GET /api/v2/classify", action="answer")
    service.fail_next("GET /api/v2/classify", status=400, body={"detail": "no second page"})
    ended = classify("list", "--page-size", "1")
    assert (ended.code, ended.only["id"]) == (2, jobs[0])


def test_what_could_control_a_terminal_is_escaped_in_tables_and_errors(
    service: ClassifyService, classify: Program
) -> None:
    service.add_file("\x1b]0;owned\x07[red]bill.pdf", b"text")
    table = classify("files", "list", "--format", "pretty", COLUMNS="200").out
    assert "\x1b" not in table
    assert "\\x1b]0;owned\\x07[red]bill.pdf" in table
    service.fail_next("GET *", status=404, body={"detail": "gone\x1b[2J\nfor ever"})
    told = classify("files", "get", "some-file").err
    assert "\x1b" not in told
    assert told.count("\n") == 1


def test_output_that_is_not_utf_8_gets_escapes(service: ClassifyService, classify: Program) -> None:
    service.add_file("Überweisung €.pdf", b"text")
    ended = classify.as_process("files", "list", PYTHONIOENCODING="latin-1")
    assert (ended.code, ended.only["name"]) == (0, "Überweisung €.pdf")
    assert ended.out.isascii()


def test_a_table_for_an_output_that_is_not_utf_8_has_escapes_too(
    service: ClassifyService, classify: Program, tmp_path: Path
) -> None:
    service.add_file("€.pdf", b"text")
    ended = classify.as_process("files", "list", "--format", "pretty", PYTHONIOENCODING="ascii")
    assert (ended.code, ended.err) == (0, "")
    assert "\\u20ac.pdf" in ended.out
