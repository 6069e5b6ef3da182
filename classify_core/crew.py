"""The tasks that work on one call's documents: one a place, not one a document."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from classify_core.backend import unexpected
from classify_core.background import background
from classify_core.document import Document
from classify_core.errors import ClassifyError
from classify_core.progress.events import Stage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Finished(Generic[T]):
    """A document that is done with.

    Attributes:
        index: its place in the call.
        name: its name, where it has one.
        outcome: what became of it; None where the work was cut short.
        error: what went wrong with the work itself.
    """

    index: int
    name: str | None
    outcome: T | None
    error: ClassifyError | None = None


class Crew(Generic[T]):
    """Works on documents on the background event loop, a bounded number at once, in the order they are put.

    Args:
        work: makes the outcome of a document.
        deliver: is handed each finished document, in the background loop's thread.
        size: how many are worked on at once.
    """

    def __init__(
        self, work: Callable[[Document], Awaitable[T]], deliver: Callable[[Finished[T]], None], size: int
    ) -> None:
        self._work = work
        self._deliver = deliver
        self._size = size
        self._waiting: deque[Document] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle: list[asyncio.Future[None]] = []
        self._is_over = False

    def put(self, document: Document) -> None:
        """Hands over a document, from any thread."""
        background.call_soon(self._take, document)

    def cancel(self) -> None:
        """Cuts short whatever is open and ends the tasks, from any thread."""
        background.call_soon_if_running(self._end)

    def _take(self, document: Document) -> None:
        self._waiting.append(document)
        if self._is_over:
            self._cut_short()
        elif not self._woke_one() and len(self._tasks) < self._size:
            task = asyncio.create_task(self._work_on())
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _woke_one(self) -> bool:
        while self._idle:
            wakening = self._idle.pop()
            if not wakening.done():  # cancelled with its loop
                wakening.set_result(None)
                return True
        return False

    async def _work_on(self) -> None:
        while True:
            while self._waiting:
                await self._finish(self._waiting.popleft())
            wakening = asyncio.get_running_loop().create_future()
            self._idle.append(wakening)
            await wakening

    async def _finish(self, document: Document) -> None:
        outcome: T | None = None
        error: ClassifyError | None = None
        try:
            outcome = await self._work(document)
        except Exception as raised:  # noqa: BLE001 - nothing may take the others with it
            error = raised if isinstance(raised, ClassifyError) else unexpected(raised)
        finally:  # a cancelled document is told of too
            self._end_of(document, outcome, error)

    def _end(self) -> None:
        self._is_over = True
        self._cut_short()
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task ends only when it is cancelled: by `cancel`, or because its loop ends."""
        self._tasks.discard(task)
        self._is_over = True
        self._cut_short()

    def _cut_short(self) -> None:
        while self._waiting:
            self._end_of(self._waiting.popleft(), None)

    def _end_of(self, document: Document, outcome: T | None, error: ClassifyError | None = None) -> None:
        if outcome is None:
            document.report(Stage.FAILED)  # what has an outcome has told of it
        self._deliver(Finished(document.index, document.name, outcome, error))
