from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classify_core import FileCache
from tests.cache.answers import ANSWER, answer, fill, kept, opened

ROOT = Path(__file__).parents[2]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classify_core.cache.store.BUSY_SECONDS", 0.01)


@pytest.mark.usefixtures("_impatient")
async def test_a_lock_held_for_long_is_told_once_and_what_was_put_meanwhile_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.put("before", ANSWER)
    with opened(cache.path) as other:
        other.execute("BEGIN IMMEDIATE")
        await fill(cache, range(100))
        assert await cache.get("before") == ANSWER  # reading goes on
        assert await kept(cache, range(100)) == list(range(100))
        assert len(caplog.records) == 1
        assert str(cache.path) in caplog.text
        other.execute("COMMIT")
    await cache.aclose()
    assert await kept(FileCache(cache.path), range(100)) == list(range(100))


@pytest.mark.usefixtures("_impatient")
async def test_a_file_is_tried_again_after_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classify_core.cache.access.PAUSE_SECONDS", 0.0)
    cache = FileCache(tmp_path / "answers.sqlite")
    with opened(cache.path) as other:
        other.execute("BEGIN IMMEDIATE")
        await cache.put("a", ANSWER)
        other.execute("COMMIT")
    await cache.put("b", ANSWER)
    with opened(cache.path) as other:
        assert other.execute("SELECT key FROM answers ORDER BY key").fetchall() == [("a",), ("b",)]


@pytest.mark.usefixtures("_impatient")
async def test_what_waits_for_a_lock_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classify_core.cache.access.MOST_WAITING", 10)
    cache = FileCache(tmp_path / "answers.sqlite")
    with opened(cache.path) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(30):
            await cache.put(str(number), answer(number))
        assert await kept(cache, range(30)) == list(range(20, 30))
        other.execute("COMMIT")


@pytest.mark.usefixtures("_impatient")
async def test_a_file_locked_by_another_program_is_no_error_when_a_cache_is_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "answers.sqlite"
    path.touch()
    with opened(path) as other:
        other.execute("BEGIN EXCLUSIVE")
        cache = FileCache(path)
        await cache.put("a", ANSWER)
        assert await cache.get("a") == ANSWER  # from what waits to be written
        other.execute("COMMIT")
    await cache.aclose()
    assert await FileCache(path).get("a") == ANSWER
    assert len(caplog.records) == 1


_FULL = """
import asyncio, logging, resource, signal, sys
from classify_core import FileCache
from tests.cache.answers import fill, kept
logging.basicConfig(format="%(levelname)s %(message)s")
cache = FileCache(sys.argv[1])
asyncio.run(fill(cache, range(10)))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
for start in range(10, 3_000, 10):
    asyncio.run(fill(cache, range(start, start + 10)))
print(len(asyncio.run(kept(cache, range(10)))))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file sizes cannot be limited")
async def test_a_file_that_cannot_grow_is_told_once_and_the_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs on this loop
        [sys.executable, "-c", _FULL, str(path)], capture_output=True, text=True, check=False, cwd=ROOT, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "10\n")
    assert done.stderr.count("WARNING") == 1
    assert str(path) in done.stderr
    cache = FileCache(path)
    assert set(await kept(cache, range(3_000))) >= set(range(10))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_read_and_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    asyncio.run(cache.put("a", ANSWER))
    cache.close()
    cache.path.chmod(0o400)
    read_only = FileCache(cache.path)
    assert asyncio.run(read_only.get("a")) == ANSWER
    for number in range(3):
        asyncio.run(read_only.put(str(number), answer(number)))
    assert len(caplog.records) == 1


async def test_work_that_fails_unforeseen_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    with monkeypatch.context() as patched:
        patched.setattr(cache._access, "work", lambda requests: 1 / 0)
        assert await cache.get("a") is None
    assert "ZeroDivisionError" in caplog.text
    await cache.put("a", ANSWER)
    assert await cache.get("a") == ANSWER


async def test_a_key_that_no_file_can_hold_is_the_callers_error_and_blocks_no_other(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    with pytest.raises(UnicodeEncodeError):
        await cache.put("\ud800", ANSWER)
    await cache.put("a", ANSWER)
    assert await cache.get("a") == ANSWER
