"""One job, from its beginning to its end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from classify_core.models import ClassifyConfiguration
from classify_core.server.jobs.configuration import configuration_of
from classify_core.server.jobs.execution import DocumentExecution
from classify_core.server.jobs.misfortunes import drawn_fault, drawn_seconds
from classify_core.server.jobs.queue import ProjectQueue
from classify_core.server.logs import log_event
from classify_core.server.problems import ProblemError
from classify_core.server.simulation.faults import JobFault
from classify_core.server.store import jobs
from classify_core.server.store.records import JobState, Outcome, StoredDocument, StoredJob
from classify_core.server.workers.failures import FailureCode

if TYPE_CHECKING:
    from classify_core.server.service import Service

UNFORESEEN: Final = "the server failed to work on it; the server's log tells where"
_CODES: Final = frozenset(FailureCode)


class Ending(NamedTuple):
    """How a job ends."""

    status: JobState
    error_message: str | None = None


class JobWork:
    """Works on jobs; what goes wrong on one is that one's end, and kept in the log by its place."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._execution = DocumentExecution(service)

    async def work_on(self, job_id: str, queue: ProjectQueue) -> None:
        """Works on a job to its end, unless it has ended; cancelled, it leaves the job open."""
        try:
            job = await self._service.database.run(jobs.begin, job_id)
            if job is not None:
                self._service.webhooks.wake()
                await self._work_on(job, queue)
        except Exception as error:  # noqa: BLE001 - the others go on; this one is taken up again after a restart
            log_event("job.stuck", level=logging.ERROR, error=error, job=job_id)

    async def _work_on(self, job: StoredJob, queue: ProjectQueue) -> None:
        log_event("job.begun", job=job.id, documents=len(job.documents))
        begun_at = time.monotonic()
        try:
            ending = await self._ending(job, queue)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job must end
            log_event("job.fault", level=logging.ERROR, error=error, job=job.id)
            ending = Ending(JobState.FAILED, UNFORESEEN)
        if await self._end(job, ending):
            self._service.webhooks.wake()
            seconds = round(time.monotonic() - begun_at, 3)
            code, _ = _parted(ending.error_message or "")
            log_event("job.ended", job=job.id, status=ending.status, seconds=seconds, code=code)

    async def _ending(self, job: StoredJob, queue: ProjectQueue) -> Ending:
        rested_until = time.monotonic() + drawn_seconds(self._service, job)
        fault = await drawn_fault(self._service, job)
        if fault is not None:
            # A fault that ends the job does so after its seconds; a hanging job goes on after them, if there are any.
            await queue.rest(fault.seconds or (None if fault.outcome == "hang" else 0.0))
        if fault is None or fault.outcome == "hang":
            ending = _ending_of(await self._outcomes(job, queue), job)
        else:
            ending = _injected(fault)
        await queue.rest(max(rested_until - time.monotonic(), 0.0))
        return ending

    async def _outcomes(self, job: StoredJob, queue: ProjectQueue) -> list[Outcome]:
        """The outcomes of all documents, in their order; those that a former run of the server kept are not made."""
        configuration = configuration_of(job)
        outcomes = {document.position: document.outcome for document in job.documents if document.outcome is not None}
        undone = deque(document for document in job.documents if document.outcome is None)

        async def work_in_turn() -> None:
            while undone:
                document = undone.popleft()
                outcome = await self._outcome(job, document, configuration, queue.turns)
                await self._service.database.run(jobs.keep_outcome, job.id, document.position, outcome)
                outcomes[document.position] = outcome

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._share_of_a_job, len(undone))):
                group.create_task(work_in_turn())
        return [outcomes[position] for position in sorted(outcomes)]

    @property
    def _share_of_a_job(self) -> int:
        """How many documents of one job are worked on at once: the other processes are for other jobs."""
        return max(1, self._service.options.workers // 2)

    async def _outcome(
        self, job: StoredJob, document: StoredDocument, configuration: ClassifyConfiguration, turns: asyncio.Semaphore
    ) -> Outcome:
        try:
            return await self._execution.outcome_of(job.project_id, document.input, configuration, turns)
        except Exception as error:  # noqa: BLE001 - the job's other documents go on
            log_event("document.fault", level=logging.ERROR, error=error, job=job.id, position=document.position)
            return Outcome(error_message=UNFORESEEN)

    async def _end(self, job: StoredJob, ending: Ending) -> bool:
        """Whether the job had not ended before, as by its cancellation."""
        if ending.status is JobState.CANCELLED:
            with suppress(ProblemError):
                await self._service.database.run(jobs.cancel, job.project_id, job.api, job.id)
                return True
            return False
        return await self._service.database.run(jobs.finish, job.id, ending.status, ending.error_message) is not None


def _injected(fault: JobFault) -> Ending:
    is_cancelled = fault.outcome == "cancelled"
    return Ending(JobState.CANCELLED) if is_cancelled else Ending(JobState.FAILED, fault.error)


def _ending_of(outcomes: Sequence[Outcome], job: StoredJob) -> Ending:
    failures = [outcome.error_message for outcome in outcomes if outcome.error_message is not None]
    if not failures:
        return Ending(JobState.COMPLETED)
    if job.api == "v2":
        return Ending(JobState.FAILED, failures[0])
    status = JobState.FAILED if len(failures) == len(outcomes) else JobState.PARTIAL
    code, reason = _parted(failures[0])
    told = f"{len(failures)} of {len(outcomes)} files failed, the first because {reason}"
    return Ending(status, told if code is None else f"{code}: {told}")


def _parted(message: str) -> tuple[str | None, str]:
    """A message's code, where it begins with a published one, and the rest."""
    code, _, reason = message.partition(": ")
    return (code, reason) if code in _CODES else (None, message)
