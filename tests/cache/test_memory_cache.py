from __future__ import annotations

import copy
import pickle
import tracemalloc
from datetime import timedelta
from typing import Any

import pytest

from classify_core import Alternative, Answer, InvalidOptionError, MemoryCache
from classify_core.cache import MEMORY_ENTRIES
from tests.cache.answers import ANSWER, HandClock, answer


async def test_a_memory_cache_lets_go_of_what_was_unused_longest() -> None:
    cache = MemoryCache(entries=2)
    for key in ("a", "b"):
        await cache.put(key, ANSWER)
    await cache.get("a")
    await cache.put("c", ANSWER)
    assert await cache.get("b") is None
    assert await cache.get("a") == await cache.get("c") == ANSWER


async def test_a_memory_cache_gives_back_all_that_an_answer_says() -> None:
    full = Answer.model_validate(
        {
            "type": None,
            "confidence": 0.123456789,
            "reasoning": "why \x00 ü",
            "alternatives": (Alternative(type="a", confidence=0.1), Alternative(type="b", confidence=0.0)),
            "backend": "local/lexical",
            "job_id": "job",
            "is_from_former_job": True,
            "usage": {"credits": 3.5, "of_a_newer_service": 7},
        }
    )
    cache = MemoryCache()
    await cache.put("a", full)
    assert await cache.get("a") == full


async def test_a_memory_cache_stays_within_its_bytes() -> None:
    cache = MemoryCache(max_bytes=100_000)
    for number in range(100):
        await cache.put(str(number), answer(number, letters=5_000))
    held = [number for number in range(100) if await cache.get(str(number)) is not None]
    assert held == list(range(100 - len(held), 100))
    assert 15 <= len(held) <= 20


async def test_an_answer_larger_than_a_memory_cache_is_not_kept_and_harms_nothing() -> None:
    cache = MemoryCache(max_bytes=10_000)
    await cache.put("large", answer(1, letters=20_000))
    await cache.put("small", ANSWER)
    assert await cache.get("large") is None
    assert await cache.get("small") == ANSWER


async def test_an_answer_put_again_takes_the_place_of_the_first_and_no_room_of_others() -> None:
    cache = MemoryCache(max_bytes=5_000)
    await cache.put("other", ANSWER)
    for number in range(100):
        await cache.put("a", answer(number))
    assert await cache.get("a") == answer(99)
    assert await cache.get("other") == ANSWER


@pytest.mark.parametrize("max_age", [60, timedelta(minutes=1)])
async def test_a_memory_cache_forgets_what_is_too_old(max_age: float | timedelta) -> None:
    clock = HandClock()
    cache = MemoryCache(max_age=max_age, _now=clock)
    await cache.put("a", ANSWER)
    clock.time += 59
    assert await cache.get("a") == ANSWER
    clock.time += 2  # having been asked for has not made it younger
    assert await cache.get("a") is None


async def test_twenty_thousand_documents_take_little_memory() -> None:
    cache = MemoryCache()
    tracemalloc.start()
    try:
        for number in range(20_000):
            await cache.put(f"{number:064}", answer(number, letters=300))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 12 * 1024 * 1024
    assert await cache.get(f"{20_000 - MEMORY_ENTRIES:064}") is not None
    assert await cache.get(f"{20_000 - MEMORY_ENTRIES - 1:064}") is None


@pytest.mark.parametrize("options", [{"entries": 0}, {"max_bytes": 0}, {"max_age": 0}, {"max_age": True}])
def test_a_limit_that_is_none_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidOptionError):
        MemoryCache(**options)


async def test_a_memory_cache_travels_with_its_limits_and_without_its_answers() -> None:
    cache = MemoryCache(entries=1)
    await cache.put("a", ANSWER)
    for other in (copy.copy(cache), pickle.loads(pickle.dumps(cache))):
        assert await other.get("a") is None
        await other.put("a", ANSWER)
        await other.put("b", ANSWER)
        assert await other.get("a") is None
