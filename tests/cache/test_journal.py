from __future__ import annotations

import pickle
from pathlib import Path

from classify_core import FileCache
from tests.cache.answers import ANSWER, HandClock, opened

DAY = 24 * 3600.0


async def test_a_note_is_recalled_by_another_process_until_it_is_forgotten(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.note("a", {"file_id": "1", "at": "2026-01-01"})
    await cache.note("b", {"file_id": "2"})
    assert await cache.recall("a") == {"file_id": "1", "at": "2026-01-01"}
    await cache.aclose()
    other = pickle.loads(pickle.dumps(cache))
    assert await other.recall("a") == {"file_id": "1", "at": "2026-01-01"}
    await other.forget("a")
    assert await other.recall("a") is None
    assert await cache.recall("a") is None
    assert await cache.recall("b") == {"file_id": "2"}


async def test_a_note_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.note("a", {"file_id": "1"})
    await cache.note("a", {"job_id": "2"})
    await cache.forget("b")
    assert await cache.recall("a") == {"job_id": "2"}


async def test_notes_and_answers_under_one_key_are_apart(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    await cache.note("a", {"file_id": "1"})
    assert await cache.get("a") is None
    await cache.put("a", ANSWER)
    await cache.forget("a")
    assert await cache.get("a") == ANSWER


async def test_a_note_has_an_age_limit_of_its_own(tmp_path: Path) -> None:
    clock = HandClock()
    cache = FileCache(tmp_path / "answers.sqlite", max_age=60, _now=clock)
    await cache.note("a", {"file_id": "1"})
    clock.time += 29 * DAY
    assert await cache.recall("a") == {"file_id": "1"}
    clock.time += 2 * DAY
    assert await cache.recall("a") is None


async def test_old_notes_leave_the_file_and_count_towards_its_size(tmp_path: Path) -> None:
    clock = HandClock()
    cache = FileCache(tmp_path / "answers.sqlite", max_bytes=256 * 1024, _now=clock)
    for number in range(5_000):
        await cache.note(str(number), {"file_id": "x" * 100})
        if number % 50 == 0:
            await cache.put("a", ANSWER)
    await cache.aclose()
    assert cache.path.stat().st_size <= 256 * 1024 * 1.2
    assert await cache.recall("4999") == {"file_id": "x" * 100}
    assert await cache.recall("0") is None
    clock.time += 31 * DAY
    await cache.note("new", {"file_id": "1"})
    await cache.aclose()
    with opened(cache.path) as connection:
        assert connection.execute("SELECT key FROM notes").fetchall() == [("new",)]


async def test_a_note_of_another_version_counts_as_none(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite")
    with opened(cache.path) as connection:
        for key, text in {"a": "[1]", "b": '{"c": 1}', "d": "no json"}.items():
            connection.execute("INSERT INTO notes (key, note, written) VALUES (?, ?, 1e12)", (key, text))
    assert [await cache.recall(key) for key in "abd"] == [None, None, None]
