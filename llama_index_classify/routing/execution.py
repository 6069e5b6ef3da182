"""Runs what a course assigns to its targets: one after the other or several at once, synchronously or awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from llama_index_classify.routing.course import Assignment, Course
from llama_index_classify.routing.records import Records

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode


class Execution:
    """Runs one course; an error of a target is its assignment's, and stops nothing else.

    What ends a program or a task (an interruption, a cancellation) ends the execution at once. Records are written as
    each target ends, in the calling thread or on the calling loop, so that nothing of it is done again.

    Args:
        course: what each target gets.
        records: where is written what has arrived.
        concurrency: how many targets run at once.
        show_progress: whether targets are asked to show theirs.
    """

    def __init__(self, course: Course, records: Records, *, concurrency: int, show_progress: bool) -> None:
        self._course = course
        self._records = records
        self._concurrency = concurrency
        self._show_progress = show_progress

    def run(self) -> None:
        """Removes former versions, then runs the targets."""
        waiting = [assignment for assignment in self._course.assignments if assignment.nodes]
        for assignment in waiting:
            with _kept(assignment):
                self._prepare(assignment)
        ready = [assignment for assignment in waiting if assignment.error is None]
        if self._concurrency == 1 or len(ready) == 1:
            for assignment in ready:
                with _kept(assignment):
                    self._end(assignment, self._run(assignment))
        elif ready:
            self._run_at_once(ready)

    async def arun(self) -> None:
        """The same, awaited."""
        waiting = [assignment for assignment in self._course.assignments if assignment.nodes]
        for assignment in waiting:
            with _kept(assignment):
                await self._aprepare(assignment)
        slots = asyncio.Semaphore(self._concurrency)
        await _all([self._arun(assignment, slots) for assignment in waiting if assignment.error is None])

    def _prepare(self, assignment: Assignment) -> None:
        # All that is to be removed is removed before anything is run: two routes may lead into one store, where what is
        # removed last would take the new version with it.
        ledger, units = self._course.ledger, assignment.units.values()
        self._records.write(ledger.begun(units))
        for contents, held in ledger.held(units):
            contents.remove(held)

    async def _aprepare(self, assignment: Assignment) -> None:
        ledger, units = self._course.ledger, assignment.units.values()
        await self._records.awrite(ledger.begun(units))
        for contents, held in ledger.held(units):
            await contents.aremove(held)

    def _run(self, assignment: Assignment) -> Sequence[BaseNode] | None:
        return assignment.branch.target.run(assignment.nodes, show_progress=self._show_progress)

    def _run_at_once(self, ready: Sequence[Assignment]) -> None:
        executor = ThreadPoolExecutor(min(self._concurrency, len(ready)), thread_name_prefix="classify-route")
        try:
            begun = {executor.submit(copy_context().run, self._run, assignment): assignment for assignment in ready}
            for future in as_completed(begun):
                with _kept(begun[future]):
                    self._end(begun[future], future.result())
        finally:
            # Not waited for: all are done, or something ends the program, and what runs cannot be stopped.
            executor.shutdown(wait=False, cancel_futures=True)

    def _end(self, assignment: Assignment, returned: Sequence[BaseNode] | None) -> None:
        assignment.returned = returned
        self._records.write(self._course.ledger.arrived(assignment.branch, assignment.units.values(), returned))

    async def _arun(self, assignment: Assignment, slots: asyncio.Semaphore) -> None:
        async with slots:
            with _kept(assignment):
                target, ledger = assignment.branch.target, self._course.ledger
                assignment.returned = await target.arun(assignment.nodes, show_progress=self._show_progress)
                units = assignment.units.values()
                await self._records.awrite(ledger.arrived(assignment.branch, units, assignment.returned))


@contextmanager
def _kept(assignment: Assignment) -> Iterator[None]:
    """Keeps what a target raises; what ends a program or a task goes on its way."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - a target may be anybody's, and must not stop the others
        assignment.error = error


async def _all(running: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Awaits all; where one ends the whole, or the caller is cancelled, none goes on."""
    tasks = [asyncio.create_task(one) for one in running]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
