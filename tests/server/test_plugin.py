from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from classify_core import AuthenticationError, Classifier, ClassifyClient, RateLimits, Rule
from classify_core.server import JobSeconds
from classify_core.testing import plugin
from classify_core.testing.server import ClassifyServer

RULES = [Rule(type="invoice", description="A bill with invoice number, line items and the total amount due.")]


def _pytest(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What pytest says of a test file, in a process of its own and with nothing of this project's configuration."""
    (folder / "test_pipeline.py").write_text(text)
    # Only this plugin: those of the machine that the tests run on have opinions and warnings of their own.
    command = [sys.executable, "-m", "pytest", "-q", "-p", "classify_core.testing.plugin", *arguments]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [*command, "--rootdir", str(folder)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_users_tests_run_with_nothing_but_the_fixture(tmp_path: Path) -> None:
    outcome = _pytest(
        tmp_path,
        """
import os, subprocess, sys
import pytest
from classify_core import Classifier, ClassifyClient, Rule

RULES = [Rule(type="invoice", description="A bill with invoice number, line items and the total amount due.")]
TEXT = "Invoice number 7, line items, total amount due"
seen = []

def test_a_document_is_classified(classify_server):
    seen.append((classify_server.base_url, classify_server.api_key, classify_server.project_id))
    with ClassifyClient(api_key=classify_server.api_key, base_url=classify_server.base_url) as client:
        file = client.files.upload(TEXT.encode(), name="a.txt")
        job = client.jobs.create(file.id, rules=RULES)
        assert client.jobs.wait(job.id).result.type == "invoice"

def test_the_next_has_a_project_of_its_own_on_the_same_server(classify_server):
    [(base_url, api_key, project_id)] = seen
    assert classify_server.base_url == base_url
    assert classify_server.api_key != api_key and classify_server.project_id != project_id
    with ClassifyClient(api_key=classify_server.api_key, base_url=classify_server.base_url) as client:
        assert list(client.jobs.list()) == []

def test_requests_are_counted(classify_server):
    with Classifier(RULES, api_key=classify_server.api_key, base_url=classify_server.base_url) as classifier:
        assert [outcome.type for outcome in classifier.classify_many([TEXT] * 3)] == ["invoice"] * 3
    assert classify_server.requests.count("POST /api/v1/beta/files") == 1
    assert classify_server.requests.count("POST /api/v2/classify") == 1

def test_a_child_process_finds_it_by_its_environment(classify_server):
    program = "from classify_core import ClassifyClient; print(list(ClassifyClient().jobs.list()))"
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, env=os.environ | classify_server.environment(), capture_output=True, text=True)
    assert told.stdout.strip() == "[]", told.stderr
""",
        "-W",
        "error",
    )
    assert "4 passed" in outcome.stdout, outcome.stdout + outcome.stderr


def test_without_the_extra_the_fixture_tells_the_command_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        "util.find_spec = lambda name, *rest: None if name == 'uvicorn' else found(name, *rest)\n"
    )
    outcome = _pytest(tmp_path, "def test_it(classify_server): pass\n")
    assert outcome.returncode == 1
    assert 'pip install "classify-adapters[server]"' in outcome.stdout


def test_pytest_starts_no_server_and_imports_none_where_no_test_asks_for_it(tmp_path: Path) -> None:
    outcome = _pytest(
        tmp_path,
        "import sys\n"
        "def test_it(): assert not {'fastapi', 'uvicorn', 'sklearn', 'kreuzberg', 'numpy'} & set(sys.modules)\n",
    )
    assert outcome.returncode == 0, outcome.stdout


def test_the_fixture_is_listed_with_what_it_is(tmp_path: Path) -> None:
    assert "A server of the classify API on loopback" in _pytest(tmp_path, "", "--fixtures").stdout


def test_each_worker_process_of_a_test_run_has_its_own_server(tmp_path: Path) -> None:
    text = "import pytest\n@pytest.mark.parametrize('n', range(4))\ndef test_it(classify_server, n): pass\n"
    outcome = _pytest(tmp_path, text, "-p", "xdist", "-n", "2")
    assert "4 passed" in outcome.stdout, outcome.stdout


def test_what_a_test_sets_is_over_after_it(classify_server: ClassifyServer) -> None:
    with ClassifyServer(classify_server._running) as one:
        one.limits = "free"
        one.job_seconds = 2
        one.concurrent_jobs = 1
        one.faults.seed = 7
        one.faults.request()
        assert one.job_seconds == JobSeconds(2)
        key = one.api_key
    assert classify_server.limits == RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
    assert (classify_server.job_seconds, classify_server.concurrent_jobs) == (None, None)
    assert classify_server.faults.seed == 0
    assert list(classify_server.requests) == []
    with _client(classify_server) as client:
        assert list(client.jobs.list()) == []
    with ClassifyClient(api_key=key, base_url=classify_server.base_url) as client, pytest.raises(AuthenticationError):
        list(client.jobs.list())


def test_jobs_that_a_test_leaves_open_are_cancelled(classify_server: ClassifyServer) -> None:
    with ClassifyServer(classify_server._running) as one:
        one.faults.job("hang")
        with _client(one) as client:
            job = client.jobs.create(client.files.upload(b"invoice number 7", name="a.txt").id, rules=RULES)
        project = one.project_id
    [row] = classify_server._running.call(
        classify_server._service.database.run(
            lambda connection: connection.execute(
                "SELECT status FROM jobs WHERE id = ? AND project_id = ?", (job.id, project)
            ).fetchall()
        )
    )
    assert row["status"] == "CANCELLED"


def test_requests_are_told_by_route_and_in_order(classify_server: ClassifyServer) -> None:
    with _client(classify_server) as client:
        file = client.files.upload(b"invoice number 7", name="a.txt")
        client.files.get(file.id)
        list(client.jobs.list())
    requests = classify_server.requests
    assert [request.method for request in requests] == ["POST", "GET", "GET"]
    assert len(requests) == 3
    assert requests[-1].path == "/api/v2/classify"
    assert [request.path for request in requests[:1]] == ["/api/v1/beta/files"]
    assert requests.count("GET /api/*") == 2
    assert [request.status for request in requests.to("GET /api/v1/beta/files/{file_id}")] == [200]
    assert all(request.project_id == classify_server.project_id for request in requests)


def test_another_key_has_another_project(classify_server: ClassifyServer) -> None:
    with _client(classify_server) as client:
        client.files.upload(b"invoice number 7", name="a.txt")
    with ClassifyClient(api_key=classify_server.another_key(), base_url=classify_server.base_url) as client:
        assert list(client.files.list()) == []


def test_a_classifier_needs_no_more_than_the_environment(
    classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in classify_server.environment().items():
        monkeypatch.setenv(name, value)
    with Classifier(RULES) as classifier:
        assert classifier.classify("Invoice number 7, line items, total amount due").backend == "hosted"


def test_the_key_is_in_no_repr(classify_server: ClassifyServer) -> None:
    assert classify_server.api_key not in repr(classify_server)


def _client(server: ClassifyServer) -> ClassifyClient:
    return ClassifyClient(api_key=server.api_key, base_url=server.base_url)


def test_the_plugin_is_registered_in_the_project() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"classify_adapters": plugin.__name__}
