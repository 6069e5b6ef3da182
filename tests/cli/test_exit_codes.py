"""Exit codes that scripts rely on, and what is told of a failure."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from classify_core import errors
from classify_core.cli.exit_codes import MEANINGS, ExitCode, code_of
from tests.cli.conftest import RULE_TEXT, Program
from tests.service import ClassifyService

API_ERRORS = [
    (401, {"detail": "Invalid API key"}, 3),
    (402, {"detail": "no credits"}, 5),
    (403, {"detail": "not yours"}, 3),
    (404, {"detail": "no such job"}, 4),
    (409, {"detail": "has ended"}, 4),
    (422, {"detail": [{"loc": ["path", "job_id"], "msg": "no ID", "type": "value_error"}]}, 2),
    (429, {"detail": "Your plan's limit is reached, upgrade"}, 5),
    (501, "no JSON", 7),
]


@pytest.mark.parametrize(("status", "body", "code"), API_ERRORS)
def test_each_refusal_of_the_service_has_its_exit_code_and_one_line(
    service: ClassifyService, classify: Program, status: int, body: Any, code: int, file_id: str
) -> None:
    route = "POST /api/v1/classifier/jobs"  # a 5xx is not tried again here
    service.fail_next(route, status=status, body=body)
    ended = classify("classifier:jobs", "create", "--file-id", file_id, "--rule", RULE_TEXT)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"Error: {route} answered {status}")
    assert ended.err.count("\n") == 1


def test_an_answer_that_never_came_exits_with_7(service: ClassifyService, classify: Program, file_id: str) -> None:
    service.fail_next("POST *", action="cut")
    assert classify("classifier:jobs", "create", "--file-id", file_id, "--rule", RULE_TEXT).code == 7


def test_a_rate_limit_that_outlasts_patience_exits_with_5(service: ClassifyService, classify: Program) -> None:
    service.fail_next("GET *", status=429, body={"detail": "Rate limit exceeded"}, headers={"Retry-After": "999"})
    assert classify("get", "some-job").code == 5


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.InvalidRulesError("x"), 2),
        (errors.MissingExtraError("x"), 2),
        (errors.AuthenticationError("x"), 3),
        (errors.NotFoundError("x"), 4),
        (errors.CreditLimitError("x"), 5),
        (errors.ClassifyTimeoutError("x"), 6),
        (errors.ServerError("x"), 7),
        (errors.ConnectionFailedError("x"), 7),
        (errors.UnknownStatusError("x", status="ODD"), 7),
        (errors.DocumentTooLargeError("x"), 1),
        (errors.UnreadableDocumentError("x"), 1),
        (errors.JobFailedError("x"), 1),
        (errors.JobCancelledError("x"), 1),
        (errors.BatchError("x"), 1),
        (errors.RunStoppedError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_s_class_decides_its_exit_code(error: BaseException, code: int) -> None:
    assert code_of(error) == code


def test_a_stopped_run_exits_with_the_code_of_what_stopped_it() -> None:
    stopped = errors.RunStoppedError("not begun")
    stopped.__cause__ = errors.OutOfCreditsError("none left")
    assert code_of(stopped) is ExitCode.LIMITED


def test_help_tells_every_exit_code(classify: Program) -> None:
    shown = classify("--help").out
    assert set(MEANINGS) == set(ExitCode)
    for code, meaning in MEANINGS.items():
        assert f"{code:>3}  {meaning}" in shown


def test_debug_tells_each_request_and_the_error_s_class(service: ClassifyService, classify: Program) -> None:
    service.fail_next("GET *", status=500, body={"detail": "busy"})
    ended = classify("get", "some-job", "--debug")
    first, second, last = ended.err.splitlines()
    assert first.startswith("GET /api/v2/classify/some-job 500 ")
    assert second.startswith("GET /api/v2/classify/some-job 404 ")
    assert first.endswith(" s")
    assert last.startswith("Error: NotFoundError: ")


def test_debug_tells_a_request_that_got_no_answer(service: ClassifyService, classify: Program) -> None:
    service.fail_next("GET *", action="cut")
    ended = classify("--debug", "get", "some-job")
    assert ended.err.splitlines()[0].startswith("GET /api/v2/classify/some-job RemoteProtocolError ")


def test_without_debug_neither_is_told(service: ClassifyService, classify: Program) -> None:
    ended = classify("get", "some-job")
    assert "NotFoundError" not in ended.err
    assert ended.err.count("\n") == 1


def test_an_interrupted_command_exits_with_130_and_no_traceback(service: ClassifyService, classify: Program) -> None:
    service.outcome_for("*", status="RUNNING")
    file_id = service.add_file("invoice.txt", b"an invoice")
    job = classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT).only["id"]
    command = [sys.executable, "-m", "classify_core.cli", "wait", job, "--debug"]
    environment = os.environ | classify.environment
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        process.stderr.readline()  # its first look is over
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in told
    assert told.endswith("interrupted\n")


def test_a_reader_who_has_seen_enough_ends_the_command_quietly(service: ClassifyService, classify: Program) -> None:
    file_id = service.add_file("invoice.txt", b"an invoice")
    classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT)
    reading, writing = socket.socketpair()
    reading.close()
    command = [sys.executable, "-m", "classify_core.cli", "list"]
    environment = os.environ | classify.environment
    with writing:
        done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_told_in_one_line(service: ClassifyService, classify: Program, file_id: str) -> None:
    command = [sys.executable, "-m", "classify_core.cli", "files", "get", file_id]
    with Path("/dev/full").open("w") as full:
        environment = os.environ | classify.environment
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_no_key_exits_with_3_and_says_how_to_give_one(service: ClassifyService, classify: Program) -> None:
    ended = classify("list", LLAMA_CLOUD_API_KEY=None)
    assert (ended.code, service.requests) == (3, [])
    assert "--api-key" in ended.err
    assert "LLAMA_CLOUD_API_KEY" in ended.err
