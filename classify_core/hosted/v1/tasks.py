"""The tasks of the v1 backend, one or two a job, and their end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

CLOSE_SECONDS: Final = 5.0
"""How long closing waits for what should not be broken off."""


class Tasks:
    """Keeps tasks until they end; used on one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._unbroken: set[asyncio.Task[Any]] = set()
        self._is_closing = False

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins a task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @contextmanager
    def unbroken(self) -> Iterator[None]:
        """Marks what the current task should finish before it is cancelled: an answer that must not get lost."""
        task = asyncio.current_task()
        if task is None:
            raise TypeError("this is for tasks")
        self._unbroken.add(task)
        try:
            yield
        finally:
            self._unbroken.discard(task)
            if self._is_closing:
                task.cancel()

    async def aclose(self) -> None:
        """Cancels the tasks; those in the midst of something get a few seconds to finish that."""
        self._is_closing = True
        for task in self._tasks - self._unbroken:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._is_closing = False
