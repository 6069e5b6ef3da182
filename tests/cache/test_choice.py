from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from classify_core import Answer, FileCache, InvalidOptionError, MemoryCache
from classify_core.cache import Cache, Journal, cache_of


def test_each_way_to_name_a_cache_gives_the_one_it_names(tmp_path: Path) -> None:
    class Own:
        async def get(self, key: str) -> Answer | None:
            return None

        async def put(self, key: str, answer: Answer) -> None: ...

    own = Own()
    assert isinstance(cache_of(value=True), MemoryCache)
    assert cache_of(value=False) is None
    for path in (tmp_path / "a.sqlite", str(tmp_path / "a.sqlite")):
        assert isinstance(cache_of(path), FileCache)
    assert cache_of(own) is own
    with pytest.raises(InvalidOptionError, match="cache=3"):
        cache_of(3)


def test_a_cache_file_is_a_journal_too_and_memory_is_none(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "a.sqlite")
    assert isinstance(cache, Cache)
    assert isinstance(cache, Journal)
    assert not isinstance(MemoryCache(), Journal)


def test_a_cache_file_does_not_keep_a_process_alive_and_what_was_noted_last_is_on_disk(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, atexit\n"
        "from classify_core import Answer, FileCache\n"
        "cache = FileCache(sys.argv[1])\n"
        "asyncio.run(cache.note('a', {'at': 'the end'}))\n"
        "late = lambda: asyncio.run(cache.put('b', Answer(type='late', confidence=1)))\n"
        "import classify_core.cache.request_thread as thread\n"
        "atexit.unregister(thread._process.end)\n"
        "atexit.register(late)\n"
        "atexit.register(thread._process.end)\n"  # so that an answer comes after the cache was ended
    )
    path = tmp_path / "a.sqlite"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", code, str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert [file.name for file in tmp_path.iterdir()] == ["a.sqlite"]  # closed: no log is left beside it
    held = path.read_bytes()
    assert b"the end" in held
    assert b"late" in held
