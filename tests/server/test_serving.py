from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

import classify_core.server
from classify_core import InvalidOptionError
from classify_core.server import RunningServer, ServerOptions
from classify_core.server import serving as serving_module
from tests.server.jobs_api import upload
from tests.server.projects import KEYS, client_of, own_server
from tests.server.serving_process import serving

JOBS = "/api/v2/classify"


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_a_running_server_answers_as_soon_as_its_block_begins_and_not_after_it(tmp_path: Path) -> None:
    with own_server(tmp_path) as running:
        assert running.api_key == KEYS[0]
        answered = httpx.get(running.base_url + JOBS, headers=_bearer(running.api_key))
        assert answered.status_code == 200
        assert "server" not in answered.headers
    with pytest.raises(httpx.ConnectError):
        httpx.get(running.base_url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_address_is_one_that_can_be_reached(tmp_path: Path, host: str) -> None:
    with own_server(tmp_path, host=host) as running:
        assert httpx.get(f"{running.base_url}/healthz").status_code == 200


def test_what_listens_on_every_address_is_reached_on_loopback() -> None:
    with socket.create_server(("0.0.0.0", 0)) as listening:
        assert serving_module._base_url(listening) == f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_an_address_of_the_sixth_version_is_written_in_brackets(tmp_path: Path) -> None:
    if not _has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    with own_server(tmp_path, host="::1") as running:
        assert running.base_url.startswith("http://[::1]:")
        assert httpx.get(f"{running.base_url}/healthz").status_code == 200


def test_a_port_in_use_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with own_server(tmp_path / "one") as running:
        port = urlsplit(running.base_url).port
        second = RunningServer(ServerOptions(data=tmp_path / "two", port=port))
        with pytest.raises(InvalidOptionError, match=f"port {port}.*--port"), second:
            pass


def test_a_host_that_is_not_this_machine_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOptionError, match="cannot listen"), own_server(tmp_path, host="no-such-host.invalid"):
        pass


def test_two_servers_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with own_server(tmp_path) as running:
        with pytest.raises(InvalidOptionError, match="another server uses it"), own_server(tmp_path):
            pass
        assert httpx.get(f"{running.base_url}/healthz").status_code == 200
    with own_server(tmp_path) as again:
        assert httpx.get(f"{again.base_url}/healthz").status_code == 200


def test_a_start_that_fails_leaves_no_thread_and_no_listener_behind(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    (tmp_path / "api-key").write_text("not one key\nbut two\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(InvalidOptionError, match="api-key"), RunningServer(ServerOptions(data=tmp_path, port=port)):
        pass
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
        assert not thread.is_alive()
    with socket.create_server(("127.0.0.1", port)):  # nobody listens there
        pass


def test_a_running_server_without_keys_makes_one(tmp_path: Path) -> None:
    with RunningServer(ServerOptions(data=tmp_path, port=0, workers=1)) as running:
        assert httpx.get(running.base_url + JOBS, headers=_bearer(running.api_key)).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_serving_with_success(tmp_path: Path, number: int) -> None:
    with serving(tmp_path) as server:
        assert httpx.get(f"{server.base_url}/healthz").status_code == 200
        code, told, logged = server.stop(number)
    assert (code, told) == (0, "")
    events = [json.loads(line)["event"] for line in logged.splitlines()]
    assert events == ["server.started", "request", "server.stopped"]


def test_a_made_key_is_told_with_its_place_and_stays_the_same(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        with serving(tmp_path) as server:
            assert str(tmp_path / "api-key") in server.line
            assert httpx.get(server.base_url + JOBS, headers=_bearer(server.api_key)).status_code == 200
            keys.append(server.api_key)
            assert server.api_key not in server.stop()[2]
    assert keys[0] == keys[1]
    assert (tmp_path / "api-key").read_text().strip() == keys[0]


def test_a_given_key_is_not_told(tmp_path: Path) -> None:
    with serving(tmp_path, "llx-of-the-user") as server:
        assert httpx.get(server.base_url + JOBS, headers=_bearer("llx-of-the-user")).status_code == 200
        _, told, logged = server.stop()
    assert "llx-" not in server.line + told + logged
    assert not (tmp_path / "api-key").exists()


def test_an_open_request_is_finished_before_the_end(tmp_path: Path) -> None:
    setup = f"faults.request('GET {JOBS}', 'slow', seconds=1.0)"
    with serving(tmp_path, "llx-of-the-user", setup=setup) as server:
        with httpx.stream("GET", server.base_url + JOBS, headers=_bearer("llx-of-the-user")) as begun:
            code = server.stop()[0]
            assert json.loads(begun.read())["items"] == []
        assert code == 0


def test_a_request_that_does_not_end_does_not_keep_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving_module, "GRACE_SECONDS", 0.2)
    with ExitStack() as stack:
        with own_server(tmp_path) as running:
            running.service.faults.request(JOBS, "slow", seconds=3600)
            begun = stack.enter_context(
                httpx.stream("GET", running.base_url + JOBS, headers=_bearer(running.api_key), timeout=30)
            )
        with pytest.raises(httpx.RemoteProtocolError):
            begun.read()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_what_the_server_keeps_is_for_its_owner_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with own_server(tmp_path) as running, client_of(running.base_url, running.api_key) as client:
        upload(client)
        kept = [path for path in tmp_path.iterdir() if path.name.startswith("classify.sqlite3") or path.is_dir()]
        assert {path.name for path in kept} >= {"classify.sqlite3", "classify.sqlite3-wal", "files"}
        assert [path.name for path in kept if path.stat().st_mode & 0o077] == []


def test_the_start_of_a_process_fails_with_our_own_error(tmp_path: Path) -> None:
    with own_server(tmp_path), serving(tmp_path) as second:
        _, logged = second.process.communicate(timeout=30)
        assert second.process.returncode != 0
    assert "InvalidOptionError: cannot open the data folder" in logged


def test_every_public_name_is_there() -> None:
    for name in classify_core.server.__all__:
        assert getattr(classify_core.server, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = classify_core.server.nothing


def test_the_package_alone_brings_no_web_framework() -> None:
    _run("import sys, classify_core.server.store.records; assert not {'fastapi', 'uvicorn'} & set(sys.modules)")


@pytest.mark.parametrize("package", ["fastapi", "uvicorn", "python_multipart"])
def test_a_missing_package_is_answered_with_the_command_that_installs_it(package: str) -> None:
    _run(
        "import importlib.util as util\n"
        "found = util.find_spec\n"
        f"util.find_spec = lambda name, *rest: None if name == {package!r} else found(name, *rest)\n"
        "try:\n"
        "    import classify_core.server\n"
        "except ImportError as error:\n"
        f"    assert {package!r} in str(error) and 'pip install \"classify-adapters[server]\"' in str(error)\n"
        "else:\n"
        "    raise SystemExit('it was imported')\n"
    )


def _run(program: str) -> None:
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_keys_of_the_options_are_kept_as_secrets(tmp_path: Path) -> None:
    assert "llx-one" not in repr(ServerOptions(data=tmp_path, api_keys=(SecretStr("llx-one"),)))
