"""`classify serve`: its flags become the server's options, and it serves until it is stopped."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from platformdirs import user_data_path

from classify_core.cli.serve import BYTES_OF_MB, LimitsName, ServeOptions
from classify_core.server import DocumentLimits, JobSeconds, ServerOptions, limits_named
from classify_core.server.options import LIMITS
from tests.cli.conftest import RULE_TEXT, Program
from tests.service import ClassifyService

KEY = "llx-of-this-test-0123456789"


@contextmanager
def serving(*flags: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, with the line that it prints at its start."""
    command = [sys.executable, "-m", "classify_core.cli", "serve", "--port", "0", "--workers", "1", *flags]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=os.environ | environment) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


def address_in(line: str) -> str:
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    return found[0]


def test_a_document_is_classified_by_a_server_that_the_program_started(classify: Program, tmp_path: Path) -> None:
    document = tmp_path / "bill.txt"
    document.write_text("Invoice number 7. Line items: two chairs. Total amount due: 80 EUR.")
    with serving("--data", str(tmp_path / "data"), "--api-key", KEY) as (process, line):
        here = {"LLAMA_CLOUD_BASE_URL": address_in(line), "LLAMA_CLOUD_API_KEY": KEY}
        file_id = classify("files", "upload", str(document), **here).only["id"]
        job = classify("create", "--file-input", file_id, "--configuration.rules", RULE_TEXT, **here).only["id"]
        assert classify("wait", job, **here).only["result"]["type"] == "invoice"
        process.send_signal(signal.SIGTERM)
        told = process.stderr.read()
        assert process.wait() == 0
    assert KEY not in line + told


def test_the_flags_name_every_set_of_limits_and_tell_the_servers_own_defaults(classify: Program) -> None:
    told = " ".join(classify("serve", "--help").out.split())
    limits, options = DocumentLimits(), ServerOptions(data=Path())

    assert {name.value for name in LimitsName} == set(LIMITS)
    memory_mb = limits.memory_bytes // BYTES_OF_MB
    for default in (options.host, options.port, f"{limits.seconds:g}", memory_mb, limits.pages):
        assert f"nless said, {default}" in told
    assert f"Of an upload; unless said, {options.max_file_bytes // BYTES_OF_MB}." in told


def test_the_client_s_key_in_the_environment_is_not_the_server_s(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), LLAMA_CLOUD_API_KEY="llx-the-hosted-one-0123") as (_, line):
        here = address_in(line)
        refused = httpx.get(f"{here}/api/v2/classify", headers={"Authorization": "Bearer llx-the-hosted-one-0123"})
    assert refused.status_code == 401
    assert "llx-the-hosted-one-0123" not in line


def test_the_log_is_only_written_from_the_level_that_was_asked_for(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path), "--api-key", KEY, "--log-level", "error") as (process, line):
        httpx.get(f"{address_in(line)}/api/v2/classify")
        process.send_signal(signal.SIGINT)
        assert (process.stderr.read(), process.wait()) == ("", 0)


def test_each_flag_becomes_an_option_of_the_server(tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text('requests: [{route: "GET *", fault: error, status: 503}]')
    told = ServeOptions(
        host="127.0.0.2",
        port=9000,
        data=tmp_path,
        api_key=[KEY],
        limits=LimitsName.FREE,
        job_seconds="4,0.5",
        concurrent_jobs=3,
        faults=faults,
        seed=7,
        allow_private_webhooks=True,
        workers=2,
        document_seconds=9.5,
        document_memory_mb=512,
        document_pages=40,
        max_file_mb=3,
    ).server_options()
    assert (told.host, told.port, told.data) == ("127.0.0.2", 9000, tmp_path)
    assert [key.get_secret_value() for key in told.api_keys] == [KEY]
    assert told.limits == limits_named("free")
    assert (told.job_seconds, told.concurrent_jobs, told.seed) == (JobSeconds(4.0, 0.5), 3, 7)
    assert told.faults.for_request("GET", "/api/v2/classify") is not None
    assert (told.allow_private_webhooks, told.workers) == (True, 2)
    assert told.document_limits == DocumentLimits(seconds=9.5, memory_bytes=512 * 1024**2, pages=40)
    assert told.max_file_bytes == 3 * 1024**2


def test_without_flags_the_server_s_own_defaults_hold() -> None:
    told, plain = ServeOptions().server_options(), ServerOptions(data=Path())
    names = ["host", "port", "api_keys", "limits", "job_seconds", "concurrent_jobs", "seed", "allow_private_webhooks"]
    names += ["workers", "document_limits", "max_file_bytes"]
    assert [getattr(told, name) for name in names] == [getattr(plain, name) for name in names]
    assert told.data == user_data_path("classify-adapters", appauthor=False)


def test_help_tells_the_defaults_that_hold(classify: Program) -> None:
    shown = " ".join(classify("serve", "--help").out.split())
    plain = ServerOptions(data=Path())
    limits = plain.document_limits
    numbers = [plain.host, plain.port, f"{limits.seconds:g}", limits.memory_bytes // 1024**2, limits.pages]
    for number in [*numbers, plain.max_file_bytes // 1024**2]:
        assert f"unless said, {number}" in shown.replace("Unless", "unless")


BAD = [
    (["--port", "70000"], "--port"),
    (["--limits", "gold"], "--limits"),
    (["--job-seconds", "fast"], "--job-seconds"),
    (["--job-seconds", "-1"], "--job-seconds"),
    (["--faults", "/no/such/file"], "--faults"),
    (["--api-key", "@/no/such/file"], "--api-key"),
    (["--api-key", KEY, "--api-key", KEY], "--api-key"),
    (["--document-seconds", "0"], "--document-seconds"),
    (["--document-memory-mb", "1"], "--document-memory-mb"),
    (["--workers", "0"], "--workers"),
    (["--log-level", "loud"], "--log-level"),
]


@pytest.mark.parametrize(("flags", "named"), BAD, ids=[" ".join(flags) for flags, _ in BAD])
def test_a_bad_option_is_told_with_its_flag(classify: Program, tmp_path: Path, flags: list[str], named: str) -> None:
    ended = classify("serve", "--data", str(tmp_path), *flags)
    assert ended.code == 2
    assert named in ended.err
    assert KEY not in ended.err


def test_a_client_s_key_before_serve_is_refused(classify: Program) -> None:
    ended = classify("--api-key", KEY, "serve")
    assert ended.code == 2
    assert "--api-key" in ended.err
    assert KEY not in ended.err


def test_a_port_that_is_taken_exits_with_2(service: ClassifyService, classify: Program, tmp_path: Path) -> None:
    port = service.base_url.rpartition(":")[2]
    ended = classify.as_process("serve", "--data", str(tmp_path), "--port", port)
    assert (ended.code, ended.out) == (2, "")
    assert "--port" in ended.err


def test_a_missing_server_is_told_with_its_command(classify: Program) -> None:
    code = "import sys\nsys.modules['fastapi'] = None\nsys.argv[1:] = ['serve']\n"
    code += "from classify_core.cli import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert 'pip install "classify-adapters[server]"' in done.stderr
    assert done.stderr.count("\n") == 1
