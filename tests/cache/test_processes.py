from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from classify_core import FileCache
from tests.cache.answers import ANSWER, answer, fill, is_sound, kept, opened, put_all

METHODS = [method for method in ("fork", "spawn") if method in multiprocessing.get_all_start_methods()]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("method", METHODS)
def test_processes_write_the_same_keys_at_the_same_time(tmp_path: Path, method: str) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    asyncio.run(cache.put("a", ANSWER))  # its thread and connection are there when the others begin
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=put_all, args=(cache, range(500))) for _ in range(3)]
    for process in processes:
        process.start()
    asyncio.run(fill(cache, range(500)))
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert asyncio.run(kept(cache, range(500))) == list(range(500))
    assert asyncio.run(cache.get("a")) == ANSWER
    assert is_sound(cache.path)


@pytest.mark.skipif(sys.platform == "win32", reason="no process is killed so")
@pytest.mark.parametrize("seed", range(2))
def test_what_was_put_survives_a_process_that_is_killed_while_it_writes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "answers.sqlite"
    code = "import sys; from tests.cache.answers import put_for_ever; put_for_ever(sys.argv[1], 1)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(random.Random(seed).randrange(20, 300)):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        told = process.stdout.read().splitlines()
    cache = FileCache(path)
    last = int(told[-1]) if told and told[-1].isdigit() else 19
    assert asyncio.run(kept(cache, range(last))) == list(range(last))
    assert is_sound(path)


@forks
def test_a_forked_child_has_a_connection_of_its_own_whatever_its_parent_was_doing(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    stopped = threading.Event()

    async def keep_writing() -> None:
        number = 0
        while not stopped.is_set():
            await fill(cache, range(number, number + 20))
            number += 20

    writer = threading.Thread(target=lambda: asyncio.run(keep_writing()))
    writer.start()
    try:
        for number in range(20):
            child = os.fork()
            if child == 0:
                _in_child(cache, number)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stopped.set()
        writer.join()
    keys = [f"child{number}" for number in range(20)]
    assert [asyncio.run(cache.get(key)) for key in keys] == [answer(number) for number in range(20)]
    assert is_sound(cache.path)


def _in_child(cache: FileCache, number: int) -> None:
    status = 1
    try:
        signal.alarm(20)  # a child that waits for its parent's lock shall fail, not hang
        asyncio.run(cache.put(f"child{number}", answer(number)))
        status = 0 if asyncio.run(cache.get(f"child{number}")) == answer(number) else 2
    finally:
        os._exit(status)


@forks
def test_a_fork_finds_no_connection_open(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    asyncio.run(cache.put("a", ANSWER))
    listing = Path("/proc/self/fd")
    if not listing.exists():
        pytest.skip("open files cannot be listed here")
    child = os.fork()
    if child == 0:
        os._exit(sum("answers.sqlite" in str(name.resolve()) for name in listing.iterdir()))
    assert os.waitpid(child, 0)[1] == 0
    assert asyncio.run(cache.get("a")) == ANSWER


@forks
def test_a_child_leaves_to_its_parent_what_the_parent_has_yet_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classify_core.cache.store.BUSY_SECONDS", 0.01)
    cache = FileCache(tmp_path / "answers.sqlite")
    with opened(cache.path) as other:
        other.execute("BEGIN IMMEDIATE")
        asyncio.run(cache.put("a", ANSWER))  # cannot be written now, and waits
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            waits = asyncio.run(cache.get("a")) is not None
            os._exit(1 if waits else 0)
        assert os.waitpid(child, 0)[1] == 0
        other.execute("COMMIT")
    assert asyncio.run(cache.get("a")) == ANSWER
    cache.close()
    assert asyncio.run(FileCache(cache.path).get("a")) == ANSWER
