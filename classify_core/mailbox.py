"""Hands things from any thread to a coroutine, as many at once as there are."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Belongs to the running loop; wakes it once for all that came meanwhile, instead of once for each."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._items: deque[T] = deque()
        self._arrival = asyncio.Event()
        self._is_announced = False

    def put(self, item: T) -> None:
        """Hands something over, from any thread."""
        self._items.append(item)
        if not self._is_announced:
            self._is_announced = True
            with suppress(RuntimeError):  # the reader's loop may be closed before what it asked for ended
                self._loop.call_soon_threadsafe(self._announce)

    async def take(self) -> T:
        """The next thing; waits for it."""
        while not self._items:
            self._arrival.clear()
            if not self._items:
                await self._arrival.wait()
        return self._items.popleft()

    def _announce(self) -> None:
        self._is_announced = False
        self._arrival.set()
