"""How `classify run` ends before its end: errors that meet every document, interruption, and a reader that leaves."""

from __future__ import annotations

import asyncio
import signal

import pytest

from classify_core.api.clock import Clock
from tests.cli.conftest import Program
from tests.cli.runs import HOSTED, INVOICE, LOCAL, Place, count_of_lines
from tests.service import ClassifyService
from tests.waiting import wait_until


@pytest.fixture
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(clock: Clock, seconds: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Clock, "asleep", at_once)


@pytest.mark.usefixtures("_without_waiting")
def test_a_service_that_cannot_be_reached_ends_the_run_and_no_document_is_blamed(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    for number in range(40):
        place.write(f"inbox/{number}.txt", f"{INVOICE} {number}")
    service.fail_next("POST *", action="cut", times=10_000)
    options = ("--max-concurrency", "1", "--out", "results.jsonl")
    ended = classify("run", "inbox", *HOSTED, *options)
    assert ended.code == 7
    assert service.base_url in ended.err
    assert place.read("results.jsonl") == []
    assert len(service.requests) < 40


@pytest.mark.usefixtures("_without_waiting")
def test_a_service_that_answered_before_is_taken_to_come_back(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    for number in range(4):
        place.write(f"many/{number}.txt", f"{INVOICE} {number}")
    service.fail_next("POST /api/v1/beta/files")  # as it should be
    service.fail_next("POST /api/v1/beta/files", action="cut", work=False, times=6)
    ended = classify("run", "many", *HOSTED, "--max-concurrency", "1")
    assert ended.code == 1
    assert [line["status"] for line in ended.lines] == ["completed", "failed", "completed", "completed"]


def test_a_wrong_key_exits_with_3_and_no_document_is_blamed(place: Place, classify: Program) -> None:
    ended = classify("run", "inbox", *HOSTED, "--api-key", "llx-wrong")
    assert (ended.code, ended.out) == (3, "")
    assert "401" in ended.err
    assert "llx-wrong" not in ended.err


def test_what_ends_a_run_keeps_what_is_done_and_the_next_run_goes_on(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    for number in range(6):
        place.write(f"many/{number}.txt", f"invoice {number}")
    command = ("run", "many", *HOSTED, "--out", "results.jsonl", "--max-concurrency", "1")
    stopped = classify(*command, "--max-credits", "2")
    assert stopped.code == 5
    assert "max_credits" in stopped.err
    assert [line["status"] for line in place.read("results.jsonl")] == ["completed"] * 2
    assert classify(*command).code == 0
    assert sorted(line["path"] for line in place.read("results.jsonl")) == [f"many/{number}.txt" for number in range(6)]
    assert len(service.jobs) == 6


def test_a_failed_job_exits_with_1_and_tells_the_service_s_code(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    service.outcome_for("soup.md", status="FAILED", error_message="PDF_IS_PROTECTED: it needs a password")
    ended = classify("run", "inbox", *HOSTED)
    failed = next(line for line in ended.lines if line["path"] == "inbox/soup.md")
    assert ended.code == 1
    assert (failed["status"], failed["error_code"], failed["type"]) == ("failed", "PDF_IS_PROTECTED", None)
    assert failed["job_id"] in service.jobs


def test_a_key_that_the_service_repeats_is_in_no_result_and_no_message(
    place: Place, classify: Program, service: ClassifyService
) -> None:
    service.outcome_for("soup.md", status="FAILED", error_message=f"who are you, {service.api_key}?")
    ended = classify("run", "inbox", *HOSTED, "--out", "results.jsonl", "--debug")
    told = ended.out + ended.err + (place.root / "results.jsonl").read_text()
    assert "who are you" in told
    assert service.api_key not in told


def test_debug_tells_each_request_without_its_query(place: Place, classify: Program) -> None:
    project = "11111111-2222-3333-4444-555555555555"
    err = classify("run", "inbox/soup.md", *HOSTED, "--debug", "--project-id", project).err
    assert "POST /api/v2/classify 200" in err
    assert project not in err


def test_an_interrupted_run_exits_with_130_and_keeps_what_is_done(place: Place) -> None:
    for number in range(2000):
        place.write(f"many/{number:04}.txt", f"{INVOICE} {number} " + "word " * 2000)
    out = place.root / "results.jsonl"
    with place.start("many", *LOCAL, "--max-concurrency", "1", "--out", "results.jsonl") as process:
        wait_until(lambda: count_of_lines(out) > 5)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"results.jsonl; run the same command again" in err
    assert b"Traceback" not in err
    assert 5 < len(place.read("results.jsonl")) < 2000
    assert not list(place.root.glob(".*"))


def test_a_reader_that_leaves_ends_the_run_quietly(place: Place) -> None:
    for number in range(2000):
        place.write(f"many/{number:04}.txt", f"{INVOICE} {number}")
    with place.start("many", *LOCAL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        err = process.stderr.read()
    assert b"Traceback" not in err
    assert process.returncode == 0
