"""The clock that the simulations trust."""

from __future__ import annotations

import asyncio

import pytest

from tests.clocks import VirtualClock


def test_sleepers_wake_in_their_order_and_the_clock_stands_where_the_last_one_woke() -> None:
    clock = VirtualClock()
    woke: list[tuple[float, str]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.asleep(seconds)
        woke.append((clock.monotonic(), name))

    async def main() -> None:
        await asyncio.gather(sleeper("b", 7200.0), sleeper("a", 0.5))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10.0):
                await asyncio.sleep(11.0)

    clock.run(main())
    assert woke == [(0.5, "a"), (7200.0, "b")]
    assert clock.monotonic() == 7210.0


def test_a_program_that_would_wait_for_ever_ends_in_an_error() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TimeoutError, match="nobody will ever do"):
        VirtualClock().run(main())
