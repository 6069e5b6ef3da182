"""What is tidied away at the service: jobs that nobody waits for any more, and what privacy wants deleted."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from classify_core.api.call import Call
from classify_core.api.calls_files import delete_file
from classify_core.api.calls_jobs import cancel_job, delete_job
from classify_core.api.clock import Clock
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, ConflictError, NotFoundError
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.per_loop import PerLoop

logger = logging.getLogger(__name__)

T = TypeVar("T")

CANCELS_AT_ONCE: Final = 8
CANCEL_SECONDS: Final = 10.0
CLOSING_SECONDS: Final = 3.0
"""How long closing waits for cancels that are under way."""
DELETE_SECONDS: Final = 5.0
"""How long a document waits for its deletes; waiting for the plan's limits does not count."""


@dataclass(eq=False)
class _UnderWay:
    """What is under way on one event loop: jobs to be cancelled, who cancels them, and jobs that are just made."""

    to_cancel: deque[str] = field(default_factory=deque)
    workers: set[asyncio.Task[None]] = field(default_factory=set)
    being_made: set[asyncio.Task[Any]] = field(default_factory=set)


class Housekeeping:
    """Cancels in the background, and deletes while the document waits."""

    def __init__(self, client: PacedClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._under_way: PerLoop[_UnderWay] = PerLoop(_UnderWay)

    def cancel(self, job_id: str) -> None:
        """Cancels a job soon."""
        here = self._under_way()
        here.to_cancel.append(job_id)
        if len(here.workers) < CANCELS_AT_ONCE:
            worker = asyncio.get_running_loop().create_task(self._cancel_all(here.to_cancel))
            here.workers.add(worker)
            worker.add_done_callback(here.workers.discard)

    async def followed(self, making: Coroutine[Any, Any, T], job_id_of: Callable[[T], str]) -> T:
        """What makes a job; where it is cancelled in the middle of that, the job that comes of it is cancelled too."""
        task = asyncio.get_running_loop().create_task(making)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._under_way().being_made.add(task)
            task.add_done_callback(lambda done: self._cancel_made(done, job_id_of))
            raise

    def _cancel_made(self, made: asyncio.Task[T], job_id_of: Callable[[T], str]) -> None:
        self._under_way().being_made.discard(made)
        if not made.cancelled() and made.exception() is None:
            self.cancel(job_id_of(made.result()))

    async def delete(self, job_id: str | None, file_ids: Sequence[str]) -> None:
        """Deletes a job that has ended, and files; what cannot be deleted is logged with its ID, never raised."""
        calls: list[Call[Any]] = [] if job_id is None else [delete_job(job_id)]
        calls += map(delete_file, file_ids)
        await asyncio.gather(*(self._deleted(call) for call in calls))

    async def aclose(self) -> None:
        """Finishes what is under way, within `CLOSING_SECONDS`."""
        here, loop = self._under_way(), asyncio.get_running_loop()
        end = loop.time() + CLOSING_SECONDS
        await _ended_by(here.being_made, CLOSING_SECONDS)
        await _ended_by(here.workers, end - loop.time())
        if here.to_cancel:
            logger.warning("closed before these jobs could be cancelled: %s", ", ".join(here.to_cancel))

    async def _cancel_all(self, to_cancel: deque[str]) -> None:
        while to_cancel:
            job_id = to_cancel.popleft()
            try:
                await self._client.run(cancel_job(job_id), deadline=self._deadline(CANCEL_SECONDS))
            except (ConflictError, NotFoundError):
                logger.debug("the job %s had ended before it could be cancelled", job_id)
            except ClassifyError as error:
                logger.warning("the job %s could not be cancelled: %s", job_id, error.message)
            except asyncio.CancelledError:
                to_cancel.append(job_id)  # for the list of those left
                raise

    async def _deleted(self, call: Call[Any]) -> None:
        try:
            await self._client.run(call, deadline=self._deadline(DELETE_SECONDS))
        except NotFoundError:
            logger.debug("%s: it was gone already", call.path)
        except ClassifyError as error:
            logger.warning(
                "delete_after could not keep its promise, delete it yourself: %s: %s", call.path, error.message
            )

    def _deadline(self, seconds: float) -> Deadline:
        return Deadline(self._clock.monotonic() + seconds)


async def _ended_by(tasks: Collection[asyncio.Task[Any]], seconds: float) -> None:
    """Waits for tasks, and cancels those that take longer."""
    waited_for = list(tasks)
    if not waited_for:
        return
    _, late = await asyncio.wait(waited_for, timeout=max(0.0, seconds))
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
