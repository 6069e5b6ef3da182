"""What is bound to an event loop is made on each of them, and goes with it."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

from classify_core import HostedBackend
from classify_core.hosted.account import Account
from classify_core.hosted.per_loop import PerLoop


def test_loops_at_the_same_time_each_keep_their_own() -> None:
    made = PerLoop(object)
    together = threading.Barrier(2)
    seen: list[set[int]] = []

    async def use() -> None:
        mine = set()
        for _ in range(3):
            await asyncio.to_thread(together.wait)
            mine.add(id(made()))
        seen.append(mine)

    threads = [threading.Thread(target=asyncio.run, args=(use(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(mine) for mine in seen] == [1, 1]
    assert seen[0] != seen[1]


def test_a_backend_that_is_used_on_one_loop_after_the_other_keeps_nothing_of_those_that_are_closed() -> None:
    backend = HostedBackend(api_key="llx-loops-0123456789", base_url="eu")
    accounts: list[weakref.ref[Account]] = []

    async def use() -> None:
        account = backend._jobs._account()
        accounts.append(weakref.ref(account))
        await account.watcher._alarm.sleep_until(0.0)  # from here on it holds its loop

    for _ in range(4):
        asyncio.run(use())
    gc.collect()
    assert sum(account() is not None for account in accounts) == 1
