"""Brings documents together that can share a job, without keeping any of them waiting for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from classify_core.api.clock import Clock
from classify_core.backend import RunContext
from classify_core.hosted.shared_deadline import SharedDeadline
from classify_core.hosted.v1.begun_file import BegunFile
from classify_core.hosted.v1.work import Work
from classify_core.models_v1 import MAX_FILES_OF_A_JOB

MAX_FILES: Final = MAX_FILES_OF_A_JOB

LINGER_SECONDS: Final = 0.3
"""A batch is sent once nothing has joined it for this long, and no document of its run is on its way to it."""

LONGEST_LINGER_SECONDS: Final = 10.0
LONGEST_LINGER_SHARE: Final = 0.25
"""Neither is it held back beyond this, nor for more than this share of the time that one of its documents has."""


class Batch:
    """The documents of one job to be."""

    def __init__(self, run: RunContext, work: Work) -> None:
        self.run = run
        self.work = work
        self.files: list[BegunFile] = []
        self.is_open = True
        self.latest = float("inf")
        self._keys: set[str] = set()
        self._complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_full(self) -> bool:
        """Whether a job takes no more files."""
        return len(self._keys) >= MAX_FILES

    @property
    def waiting(self) -> list[BegunFile]:
        """The documents that nobody has given up and that have no outcome yet."""
        return [file for file in self.files if file.is_waiting]

    @property
    def deadline(self) -> SharedDeadline:
        """That of what is done for all of them: the last of theirs."""
        return SharedDeadline(max(file.deadline.moment for file in self.files), [file.deadline for file in self.files])

    def join(self, file: BegunFile, now: float) -> None:
        """Adds a document; one whose file is there already is no second entry."""
        self.files.append(file)
        self._keys.add(file.key)
        share = LONGEST_LINGER_SHARE * max(0.0, file.deadline.seconds_left(now))
        self.latest = min(self.latest, now + min(LONGEST_LINGER_SECONDS, share))

    def complete(self) -> None:
        """Says that it is to be sent; until it is, others may still join."""
        if not self._complete.done():
            self._complete.set_result(None)

    async def completed(self) -> None:
        """Waits until it is to be sent."""
        await self._complete

    @property
    def is_complete(self) -> bool:
        """Whether it is to be sent."""
        return self._complete.done()


class Gathering:
    """Those documents of one run that ask for the same work, on their way into jobs.

    Args:
        work: what they ask for.
        clock: the time.
        start: is handed each new batch, which it takes to its end.
    """

    def __init__(self, work: Work, clock: Clock, start: Callable[[Batch], None]) -> None:
        self._work = work
        self._clock = clock
        self._start = start
        self._batch: Batch | None = None
        self._on_their_way = 0
        self._begun = 0
        self._changed_at = clock.monotonic()

    @contextmanager
    def approaching(self, run: RunContext) -> Iterator[None]:
        """Counts a document that is on its way into a batch, for as long as it is."""
        self._begun += 1
        self._on_their_way += 1
        try:
            yield
        finally:
            self._on_their_way -= 1
            self._changed_at = self._clock.monotonic()
            is_last = self._begun == run.expected and self._on_their_way == 0
            if is_last and self._batch is not None:
                self._batch.complete()

    def join(self, run: RunContext, file: BegunFile) -> None:
        """Puts a document into the batch that is open, or into a new one."""
        batch = self._batch
        if batch is None or not batch.is_open or batch.is_full:
            batch = self._batch = Batch(run, self._work)
            self._start(batch)
        self._changed_at = self._clock.monotonic()
        batch.join(file, self._changed_at)
        if batch.is_full:
            batch.complete()

    def close(self, batch: Batch) -> None:
        """Lets nothing more join a batch."""
        batch.is_open = False
        if self._batch is batch:
            self._batch = None

    async def linger(self, batch: Batch) -> None:
        """Waits until a batch should be sent although more might come, and says so."""
        while not batch.is_complete and (pause := self._pause(batch)) > 0:
            await self._clock.asleep(pause)
        batch.complete()

    def _pause(self, batch: Batch) -> float:
        """Seconds until there may be reason to send it; 0 where there is."""
        now = self._clock.monotonic()
        quiet_until = now + LINGER_SECONDS if self._on_their_way else self._changed_at + LINGER_SECONDS
        return max(0.0, min(quiet_until, batch.latest) - now)
