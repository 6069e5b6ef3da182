"""Looks up the jobs that a journal noted, those that are asked for at about the same time with one request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeAlias

from classify_core.backend import unexpected
from classify_core.deadline import Deadline
from classify_core.errors import NotFoundError
from classify_core.hosted.per_loop import PerLoop
from classify_core.hosted.shared_deadline import SharedDeadline

if TYPE_CHECKING:
    from classify_core.api.clock import Clock
    from classify_core.hosted.watching.lookup import JobLookup, SeenJob, Sight

_Asked: TypeAlias = "dict[str, tuple[asyncio.Future[Sight], list[Deadline]]]"

GATHERING_SECONDS: Final = 0.02
"""How long the first of them waits for others: those in hand come to it at almost the same time."""


class FormerJobs:
    """Coalesces single questions into listings."""

    def __init__(self, lookup: JobLookup, clock: Clock) -> None:
        self._lookup = lookup
        self._clock = clock
        self._asked: PerLoop[_Asked] = PerLoop(dict)
        self._tasks: set[asyncio.Task[None]] = set()

    async def look(self, job_id: str, deadline: Deadline) -> SeenJob | None:
        """How a job stands; None where the service does not know it (any more).

        Raises:
            ClassifyError: it could not be asked.
        """
        asked = self._asked()
        if job_id not in asked:
            asked[job_id] = asyncio.get_running_loop().create_future(), []
            if len(asked) == 1:
                self._begin(asked)
        sight, deadlines = asked[job_id]
        deadlines.append(deadline)
        found = await asyncio.shield(sight)
        if isinstance(found, NotFoundError):
            return None
        if isinstance(found, Exception):
            raise found
        return found

    def _begin(self, asked: _Asked) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(asked))
        self._tasks.add(task)  # a loop itself keeps no task alive
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, gathered: _Asked) -> None:
        await self._clock.asleep(GATHERING_SECONDS)
        asked = gathered.copy()
        gathered.clear()
        deadlines = [deadline for _, those in asked.values() for deadline in those]
        latest = max(deadline.moment for deadline in deadlines)
        sights: dict[str, Sight] = {}
        try:
            sights = await self._lookup.look(list(asked), deadline=SharedDeadline(latest, deadlines))
        except Exception as error:  # noqa: BLE001 - nobody may wait for ever
            sights = dict.fromkeys(asked, unexpected(error))
        finally:  # cancelled, there are none
            for job_id, (sight, _) in asked.items():
                if job_id in sights:
                    sight.set_result(sights[job_id])
                else:
                    sight.cancel()
