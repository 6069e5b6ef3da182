from __future__ import annotations

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from classify_core.api import AsyncClassifyClient
from tests.api.driver import Driver
from tests.service import ClassifyService

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]
LONGEST_SECONDS = 20.0


def in_child(work: Callable[[], Any]) -> int | None:
    """The exit code of a forked child that does the work; None where it hangs."""
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join(LONGEST_SECONDS)
    code = child.exitcode
    child.kill()
    child.join()
    return code


async def use(client: AsyncClassifyClient) -> None:
    assert [job async for job in client.jobs.list()] == []


@pytest.fixture
def elsewhere() -> Iterator[asyncio.AbstractEventLoop]:
    """An event loop that runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_forked_child_closes_a_client_whose_loop_runs_in_its_parent(
    service: ClassifyService, elsewhere: asyncio.AbstractEventLoop
) -> None:
    client = AsyncClassifyClient(api_key=service.api_key, base_url=service.base_url)
    asyncio.run_coroutine_threadsafe(use(client), elsewhere).result()

    assert in_child(lambda: asyncio.run(client.aclose())) == 0
    asyncio.run_coroutine_threadsafe(use(client), elsewhere).result()
    asyncio.run_coroutine_threadsafe(client.aclose(), elsewhere).result()
    assert service.connections == 1


def test_a_forked_child_uses_connections_of_its_own(api: Driver, service: ClassifyService) -> None:
    assert api.listed(api.client.jobs.list()) == []

    def look_and_close() -> None:
        assert api.listed(api.client.jobs.list()) == []
        api.close()

    assert in_child(look_and_close) == 0
    assert api.listed(api.client.jobs.list()) == []
    assert service.connections == 2


def test_a_forked_child_does_not_wait_for_a_lock_that_a_thread_of_its_parent_holds(api: Driver) -> None:
    assert api.listed(api.client.jobs.list()) == []

    with api.client._transport._lock:
        assert in_child(api.close) == 0
