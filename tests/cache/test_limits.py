from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from classify_core import FileCache, InvalidOptionError
from tests.cache.answers import ANSWER, HandClock, answer, fill, kept, opened

LIMIT = 1024 * 1024


@pytest.mark.parametrize("max_age", [60, 60.0, timedelta(minutes=1)])
async def test_an_answer_is_given_until_it_is_too_old(tmp_path: Path, max_age: float | timedelta) -> None:
    clock = HandClock()
    cache = FileCache(tmp_path / "answers.sqlite", max_age=max_age, _now=clock)
    await cache.put("a", ANSWER)
    clock.time += 59
    assert await cache.get("a") == ANSWER
    clock.time += 2
    assert await cache.get("a") is None
    await cache.put("a", answer(2))
    assert await cache.get("a") == answer(2)


async def test_an_age_limit_holds_for_a_file_of_a_former_run_and_only_for_who_sets_it(tmp_path: Path) -> None:
    clock = HandClock()
    await FileCache(tmp_path / "answers.sqlite", _now=clock).put("a", ANSWER)
    clock.time += 3600
    assert await FileCache(tmp_path / "answers.sqlite", max_age=60, _now=clock).get("a") is None
    assert await FileCache(tmp_path / "answers.sqlite", max_age=7200, _now=clock).get("a") == ANSWER


async def test_what_is_too_old_leaves_the_file(tmp_path: Path) -> None:
    clock = HandClock()
    cache = FileCache(tmp_path / "answers.sqlite", max_age=60, _now=clock)
    await fill(cache, range(3_000))
    clock.time += 61
    await fill(cache, range(3_000, 3_100))
    with opened(cache.path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM answers").fetchone() == (100,)


async def test_a_file_stays_within_its_bytes_and_keeps_what_was_put_last(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite", max_bytes=LIMIT)
    for start in range(0, 4_000, 50):
        await fill(cache, range(start, start + 50), letters=1_000)
    await cache.aclose()
    assert cache.path.stat().st_size <= LIMIT * 1.2
    held = await kept(cache, range(4_000))
    assert held == list(range(4_000 - len(held), 4_000))
    assert len(held) > 500


async def test_an_answer_that_was_put_again_counts_as_new(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite", max_bytes=LIMIT)
    for start in range(0, 2_000, 50):
        await fill(cache, range(start, start + 50), letters=1_000)
        await cache.put("0", answer(0))
    assert await cache.get("0") == answer(0)


async def test_a_large_file_shrinks_when_it_gets_a_lower_limit(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    large = FileCache(path)
    await fill(large, range(3_000), letters=1_000)
    await large.aclose()
    assert path.stat().st_size > 3 * LIMIT
    small = FileCache(path, max_bytes=LIMIT)
    for start in range(3_000, 3_500, 50):
        await fill(small, range(start, start + 50))
    await small.aclose()
    assert path.stat().st_size <= LIMIT * 1.2
    assert await kept(small, range(3_400, 3_500)) == list(range(3_400, 3_500))


async def test_without_a_limit_everything_stays(tmp_path: Path) -> None:
    cache = FileCache(tmp_path / "answers.sqlite", max_bytes=None)
    await fill(cache, range(3_000), letters=1_000)
    assert await kept(cache, range(3_000)) == list(range(3_000))


@pytest.mark.parametrize(
    "options",
    [
        {"max_age": 0},
        {"max_age": -1},
        {"max_age": float("inf")},
        {"max_age": float("nan")},
        {"max_age": "1h"},
        {"max_age": True},
        {"max_age": timedelta(0)},
        {"max_bytes": 0},
        {"max_bytes": 1e9},
    ],
)
def test_a_limit_that_is_none_is_refused_before_a_file_is_made(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError, match=next(iter(options))):
        FileCache(tmp_path / "answers.sqlite", **options)
    assert not list(tmp_path.iterdir())
