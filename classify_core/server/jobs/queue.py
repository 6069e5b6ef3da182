"""The open jobs of one project."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any


class ProjectQueue:
    """Begins a project's jobs in the order in which they came, as room permits.

    A job that waits is an ID and nothing more: there may be very many.

    Args:
        work: what is done for a job.
        has_room: whether one more job may begin.
        on_end: told of each job that is worked on no more.
        turns: how many documents of the project are worked on at once.

    Attributes:
        turns: to be held while a process works on a document.
        resting: how many of the running jobs wait without work, as at the hosted service.
    """

    def __init__(
        self,
        work: Callable[[str, ProjectQueue], Coroutine[Any, Any, None]],
        has_room: Callable[[ProjectQueue], bool],
        on_end: Callable[[str], None],
        *,
        turns: int,
    ) -> None:
        self._work = work
        self._has_room = has_room
        self._on_end = on_end
        self._waiting: deque[str] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.turns = asyncio.Semaphore(turns)
        self.resting = 0

    @property
    def running(self) -> int:
        """How many jobs were begun and have not ended."""
        return len(self._tasks)

    @property
    def is_empty(self) -> bool:
        """Whether no job is open."""
        return not self._waiting and not self._tasks

    def add(self, job_id: str) -> None:
        """Puts a job behind all others."""
        self._waiting.append(job_id)
        self.fill()

    def fill(self) -> None:
        """Begins as many jobs as there is room for."""
        while self._waiting and self._has_room(self):
            job_id = self._waiting.popleft()
            task = asyncio.create_task(self._work(job_id, self))
            self._tasks[job_id] = task
            task.add_done_callback(partial(self._ended, job_id))

    def cancel(self, job_id: str) -> None:
        """Stops the work on a job. One that still waits is passed over when its turn comes, since it has ended."""
        task = self._tasks.get(job_id)
        if task is not None:
            task.cancel()

    async def stop(self) -> None:
        """Begins nothing more and stops the work on all that was begun."""
        self._waiting.clear()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def rest(self, seconds: float | None) -> None:
        """Lets a job wait for some seconds, or without end; meanwhile it takes nobody's place at work."""
        if seconds == 0:
            return
        self.resting += 1
        self.fill()
        try:
            await (asyncio.Event().wait() if seconds is None else asyncio.sleep(seconds))
        finally:
            self.resting -= 1

    def _ended(self, job_id: str, _: asyncio.Task[None]) -> None:
        del self._tasks[job_id]
        self._on_end(job_id)
        self.fill()
