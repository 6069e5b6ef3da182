"""Options of `classify run` that decide what is asked anew, kept, deleted and told."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

import pytest

from classify_core.cli.run_display import progress
from tests.cli.conftest import Program
from tests.cli.runs import HOSTED, LOCAL, PROGRAM, Place
from tests.service import ClassifyService

if sys.platform == "win32":
    pytest.skip("pseudo-terminals are those of Unix", allow_module_level=True)


def test_refresh_makes_answers_anew_that_the_cache_holds(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    command = ("run", "inbox", *HOSTED, "--cache", "answers.db")
    asked = []
    for options in ([], [], ["--refresh"]):
        service.requests.clear()
        assert classify(*command, *options).code == 0
        asked.append(bool(service.requests))
    assert asked == [True, False, True]
    assert len(service.jobs) == 2  # a job that is there is found again, and not paid for


def test_lines_that_are_in_the_file_stay_there_also_with_refresh(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    command = ("run", "inbox", *HOSTED, "--out", "results.jsonl")
    classify(*command)
    service.requests.clear()
    again = classify(*command, "--refresh", "--summary").only
    assert (again["done_before"], again["classified"]) == (2, 2)
    assert service.requests == []


def test_a_job_that_failed_before_is_made_again_only_where_asked(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    service.outcome_for("soup.md", status="FAILED", error_message="PDF_IS_BROKEN: it cannot be read")
    command = ("run", "inbox", *HOSTED, "--out", "results.jsonl")
    jobs = []
    for options in ([], [], ["--retry-failed"]):
        assert classify(*command, *options).code == 1
        jobs.append(len(service.jobs))
    assert jobs == [2, 2, 3]
    assert len(place.read("results.jsonl")) == 2


def test_delete_after_leaves_nothing_at_the_service(place: Place, classify: Program, service: ClassifyService) -> None:
    ended = classify("run", "inbox", *HOSTED, "--delete-after")
    assert [line["status"] for line in ended.lines] == ["completed"] * 2
    assert (service.jobs, service.files) == ({}, {})


def test_credits_are_told_where_the_service_is_asked_and_else_estimated(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    summaries = []
    for options in (["--out", "a.jsonl", "--usage"], ["--out", "b.jsonl", "--delete-after"]):
        service.jobs.clear()
        summaries.append(classify("run", "inbox", *HOSTED, "--summary", *options).only)
    assert [summary["credits_estimated"] for summary in summaries] == [False, True]
    assert [line["credits"] is None for line in place.read("a.jsonl") + place.read("b.jsonl")] == [False] * 2 + [
        True
    ] * 2
    assert summaries[1]["credits"] == 2.0
    told = classify("run", "inbox", *HOSTED, "--summary", "--out", "c.jsonl", "--format", "pretty").out
    assert "about 2 credits" in told


def test_a_terminal_is_told_what_was_done_before_and_what_failed(place: Place, classify: Program) -> None:
    classify("run", "inbox/bill.txt", *LOCAL, "--out", "results.jsonl")
    place.write("inbox/empty.txt", "")
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "inbox", "gone.txt", *LOCAL, "--out", "results.jsonl"]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
    os.close(ours)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert process.returncode == 1
    assert "4/4" in text
    assert "2 failed, 1 cached" in text
    assert "2 classified (1 of them before), 2 failed; results.jsonl" in text.splitlines()[-1]


def test_where_nobody_watches_nothing_is_told_to_anybody() -> None:
    with progress(iter(()), shown=True) as watched:
        assert watched.callback is None
        assert watched.console is None


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux tells that nobody holds the other end any more
        return b""
