"""All open jobs: queued by project, begun as there is room, and taken up again after a restart."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from classify_core.server.jobs.queue import ProjectQueue
from classify_core.server.jobs.work import JobWork
from classify_core.server.logs import log_event
from classify_core.server.store import jobs, parse_jobs
from classify_core.server.store.records import StoredJob

if TYPE_CHECKING:
    from classify_core.server.service import Service

MOST_RUNNING: Final = 10_000
"""Jobs of a project that run at once where nothing limits them: each takes some memory, also one that only waits."""

JOBS_A_PROCESS: Final = 16
"""Jobs at work for each process for documents. Under load a job mostly waits for its turn on the event loop, and fewer
would leave the processes without work: with 1, 50 busy clients on two cores let 9 jobs a second finish, with 16, 70."""


class JobRunner:
    """Works on the jobs of all projects; used on one event loop.

    Each project has a queue and so many turns at the processes for documents as there are processes, so none waits for
    all of another's jobs.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._work = JobWork(service)
        self._queues: dict[str, ProjectQueue] = {}
        self._queue_of: dict[str, ProjectQueue] = {}
        self._has_stopped = False

    async def start(self) -> None:
        """Takes up what a former run of the server left open."""
        await self._service.database.run(parse_jobs.remove_expired)
        left = await self._service.database.run(jobs.open_jobs)
        if left:
            log_event("jobs.taken_up", jobs=len(left))
        for job_id, project_id in left:
            self._add(job_id, project_id)

    def submit(self, job: StoredJob) -> None:
        """Has a job worked on. Repeated, or for a job that has ended, it does nothing."""
        if job.status.is_open:
            self._add(job.id, job.project_id)

    def cancelled(self, job_id: str) -> None:
        """Stops the work on a job, whose cancellation is kept already."""
        queue = self._queue_of.get(job_id)
        if queue is not None:
            log_event("job.cancelled", job=job_id)
            queue.cancel(job_id)

    async def stop(self) -> None:
        """Stops the work on all jobs and leaves them open for the next start."""
        self._has_stopped = True
        await asyncio.gather(*(queue.stop() for queue in list(self._queues.values())))

    def _add(self, job_id: str, project_id: str) -> None:
        if self._has_stopped or job_id in self._queue_of:
            return
        queue = self._queues.get(project_id)
        if queue is None:
            queue = self._queues[project_id] = self._new_queue(project_id)
        self._queue_of[job_id] = queue
        queue.add(job_id)

    def _new_queue(self, project_id: str) -> ProjectQueue:
        return ProjectQueue(
            self._work.work_on,
            self._has_room,
            lambda job_id: self._remove(job_id, project_id),
            turns=self._service.options.workers,
        )

    def _remove(self, job_id: str, project_id: str) -> None:
        queue = self._queue_of.pop(job_id)
        if queue.is_empty:
            del self._queues[project_id]

    def _has_room(self, queue: ProjectQueue) -> bool:
        if self._has_stopped:
            return False
        limits = self._service.rate_limiter.limits
        concurrent_jobs = self._service.simulation.concurrent_jobs or limits.concurrent_jobs
        if concurrent_jobs is not None:
            return queue.running < concurrent_jobs
        at_work = queue.running - queue.resting
        return at_work < self._service.options.workers * JOBS_A_PROCESS and queue.running < MOST_RUNNING
