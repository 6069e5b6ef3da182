from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from classify_core import FileCache
from tests.cache.answers import ANSWER, answer, fill, is_sound, kept, names, opened, put_all

COUNT = 600
GARBAGE = random.Random(7)


async def _filled(tmp_path: Path) -> Path:
    cache = FileCache(tmp_path / "answers.sqlite")
    await fill(cache, range(COUNT))
    await cache.aclose()
    return cache.path


def _overwrite(path: Path, start: float, end: float, content: Callable[[int], bytes] = GARBAGE.randbytes) -> None:
    """Writes over a part of the file, given in shares of its size."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(size * start))
        file.write(content(int(size * end) - int(size * start)))


def _truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def _head_after_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(100)
        file.write(b"\xa5" * 1_000)


def _header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"\xa5" * 60)


def _row(path: Path) -> None:
    with opened(path) as connection:
        connection.execute("UPDATE answers SET answer = replace(answer, 'invoice', 'recipe')")


def _types(path: Path) -> None:
    with opened(path) as connection:
        connection.execute("UPDATE answers SET answer = x'00ff', written = 'x'")


def _tables(path: Path) -> None:
    with opened(path) as connection:
        connection.execute("DROP TABLE answers")


DAMAGES = {
    "garbage in the middle": lambda path: _overwrite(path, 0.2, 0.8),
    "zeros in the middle": lambda path: _overwrite(path, 0.1, 0.9, bytes),
    "garbage after the header": _head_after_header,
    "garbage over the header": _header,
    "garbage but for the first page": lambda path: _overwrite(path, 4096 / path.stat().st_size, 1.0),
    "truncated": _truncate,
    "changed letters": _row,
    "values of other types": _types,
    "tables gone": _tables,
}


@pytest.fixture(params=DAMAGES.values(), ids=DAMAGES.keys())
def damage(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    found: Callable[[Path], None] = request.param
    return found


async def test_a_damaged_file_costs_what_it_held_and_is_begun_anew(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = await _filled(tmp_path)
    damage(path)
    cache = FileCache(path)
    assert len(await kept(cache, range(COUNT))) < COUNT
    await fill(cache, range(COUNT))
    assert await kept(cache, range(COUNT)) == list(range(COUNT))
    await cache.aclose()
    assert names(tmp_path) == ["answers.sqlite", "answers.sqlite.damaged"]
    assert [(record.levelname, str(path) in record.getMessage()) for record in caplog.records] == [("WARNING", True)]
    assert "xxx" not in caplog.text  # nothing of what the file holds


async def test_damage_in_the_middle_of_a_run_costs_what_the_file_held(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    path = await _filled(tmp_path)
    cache = FileCache(path)
    assert await cache.get("0") == answer(0)
    damage(path)
    for start in range(0, COUNT, 50):
        await kept(cache, range(start, start + 50))
        await fill(cache, range(COUNT + start, COUNT + start + 50))
    await fill(cache, range(COUNT))
    await cache.aclose()
    assert await kept(FileCache(path), range(COUNT)) == list(range(COUNT))
    # SQLite may have had the first page at hand, and have put it right.
    assert caplog.text.count("is damaged") == names(tmp_path).count("answers.sqlite.damaged")
    assert is_sound(path)


async def test_an_emptied_file_is_begun_anew_in_the_middle_of_a_run(tmp_path: Path) -> None:
    cache = FileCache(await _filled(tmp_path))
    assert await cache.get("0") == answer(0)
    os.truncate(cache.path, 0)
    await fill(cache, range(COUNT, COUNT + 50))
    await kept(cache, range(COUNT))
    await fill(cache, range(50))
    await cache.aclose()
    assert await kept(FileCache(cache.path), range(50)) == list(range(50))


async def test_a_log_of_nonsense_costs_at_most_what_was_in_it(tmp_path: Path) -> None:
    path = await _filled(tmp_path)
    path.with_name("answers.sqlite-wal").write_bytes(random.Random(1).randbytes(100_000))
    path.with_name("answers.sqlite-shm").write_bytes(random.Random(2).randbytes(32_768))
    cache = FileCache(path)
    assert await kept(cache, range(COUNT)) == list(range(COUNT))
    await cache.put("a", ANSWER)
    assert await FileCache(path).get("a") == ANSWER


async def test_a_log_of_another_file_does_no_harm(tmp_path: Path) -> None:
    path = await _filled(tmp_path)
    other = FileCache(tmp_path / "other.sqlite")
    await fill(other, range(10))
    shutil.copy(tmp_path / "other.sqlite-wal", tmp_path / "answers.sqlite-wal")
    await other.aclose()
    cache = FileCache(path)
    await kept(cache, range(COUNT))
    await fill(cache, range(COUNT))
    assert await kept(cache, range(COUNT)) == list(range(COUNT))


async def test_a_file_damaged_twice_leaves_one_damaged_file(tmp_path: Path) -> None:
    path = await _filled(tmp_path)
    for _ in range(2):
        _overwrite(path, 0.2, 0.8)
        cache = FileCache(path)
        await kept(cache, range(COUNT))
        await fill(cache, range(COUNT))
        await cache.aclose()
    assert names(tmp_path) == ["answers.sqlite", "answers.sqlite.damaged"]


async def test_of_many_that_notice_the_damage_one_moves_the_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = await _filled(tmp_path)
    caches = [FileCache(path) for _ in range(8)]
    for cache in caches:
        assert await cache.get("0") == answer(0)
    _overwrite(path, 0.1, 0.9)
    with caplog.at_level(logging.DEBUG, logger="classify_core"):
        for _ in range(3):
            await asyncio.gather(*(kept(cache, range(COUNT)) for cache in caches))
    await asyncio.gather(*(fill(cache, range(COUNT)) for cache in caches))
    assert caplog.text.count("is damaged") == 1
    for cache in caches:
        assert await kept(cache, range(COUNT)) == list(range(COUNT))


def test_of_many_processes_that_notice_the_damage_each_goes_on_with_the_new_file(tmp_path: Path) -> None:
    path = asyncio.run(_filled(tmp_path))
    cache = FileCache(path)
    _overwrite(path, 0.1, 0.9)
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    processes = [context.Process(target=put_all, args=(cache, range(COUNT))) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert asyncio.run(kept(cache, range(COUNT))) == list(range(COUNT))
    assert is_sound(path)
