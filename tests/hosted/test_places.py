from __future__ import annotations

import asyncio
import random

import pytest

from classify_core.api.flow import TooLateError
from classify_core.hosted.places import Places
from tests.clocks import QuickClock, VirtualClock


async def test_without_a_limit_nobody_waits() -> None:
    places = Places(None)
    assert places.limit is None
    assert [await places.acquire(0.0, QuickClock()) for _ in range(1_000)] == [0.0] * 1_000
    places.release()


async def test_as_many_as_the_limit_are_open_and_the_next_one_waits_for_a_release() -> None:
    places, clock = Places(2), QuickClock()
    assert [await places.acquire(None, clock), await places.acquire(None, clock)] == [0.0, 0.0]
    third = asyncio.ensure_future(places.acquire(None, clock))
    await asyncio.sleep(0)
    assert not third.done()
    clock.time = 7.0
    places.release()
    assert await third == 7.0


async def test_who_waits_longest_is_first() -> None:
    places, clock, order = Places(1), QuickClock(), []

    async def use(number: int) -> None:
        await places.acquire(None, clock)
        order.append(number)
        await asyncio.sleep(0)
        places.release()

    await asyncio.gather(*(use(number) for number in range(50)))
    assert order == list(range(50))


async def test_who_comes_later_does_not_overtake_one_who_was_just_given_the_place() -> None:
    places, clock, order = Places(1), QuickClock(), []

    async def use(name: str) -> None:
        await places.acquire(None, clock)
        order.append(name)

    await use("open")
    waiting = asyncio.ensure_future(use("waiting"))
    await asyncio.sleep(0)
    places.release()
    late = asyncio.ensure_future(use("late"))
    await waiting
    places.release()
    await late
    assert order == ["open", "waiting", "late"]


async def test_a_waiter_that_is_cancelled_takes_no_place() -> None:
    places, clock = Places(1), QuickClock()
    await places.acquire(None, clock)
    waiting = [asyncio.ensure_future(places.acquire(None, clock)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    places.release()  # before the cancelled one could run
    waiting[1].cancel()
    assert await waiting[2] == 0.0
    assert [task.cancelled() for task in waiting] == [True, True, False]


def test_who_waits_until_its_latest_is_told_then_and_takes_no_place() -> None:
    clock = VirtualClock()

    async def program() -> None:
        places = Places(1)
        await places.acquire(None, clock)
        with pytest.raises(TooLateError):
            await places.acquire(30.0, clock)
        assert clock.time == 30.0
        with pytest.raises(TooLateError):
            await places.acquire(30.0, clock)
        places.release()
        assert await places.acquire(None, clock) == 0.0

    clock.run(program())


def test_a_place_that_is_free_is_given_also_after_the_latest() -> None:
    assert asyncio.run(Places(1).acquire(-1.0, QuickClock())) == 0.0


async def test_a_place_is_not_given_back_twice() -> None:
    places = Places(1)
    await places.acquire(None, QuickClock())
    places.release()
    with pytest.raises(ValueError, match="nobody had"):
        places.release()


@pytest.mark.parametrize("seed", range(10))
def test_whatever_is_cancelled_no_place_is_lost_and_none_is_given_twice(seed: int) -> None:
    clock, chance = VirtualClock(), random.Random(seed)
    limit = chance.randint(1, 5)
    places = Places(limit)
    open_now = most = ended = 0

    async def use() -> None:
        nonlocal open_now, most, ended
        latest = None if chance.random() < 0.5 else clock.time + chance.choice([0.0, 0.5, 1.0])
        await places.acquire(latest, clock)
        try:
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(chance.choice([0.0, 0.1, 0.5]))
            ended += 1
        finally:
            open_now -= 1
            places.release()

    async def program() -> None:
        tasks = []
        for _ in range(400):
            tasks.append(asyncio.ensure_future(use()))
            if chance.random() < 0.5:
                await asyncio.sleep(chance.choice([0.0, 0.1]))
            if chance.random() < 0.5:
                chance.choice(tasks).cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(limit):  # all places are there again
            assert await places.acquire(clock.time, clock) == 0.0
        with pytest.raises(TooLateError):
            await places.acquire(clock.time, clock)

    clock.run(program())
    assert most == limit
    assert ended > 20
