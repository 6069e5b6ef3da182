"""Finds the v1 job that a document went into before, as the journal has it."""

from __future__ import annotations

from dataclasses import dataclass

from classify_core.errors import JobCancelledError, JobFailedError, NotFoundError
from classify_core.hosted.account import KnownJobs
from classify_core.hosted.v1.begun_file import BegunFile
from classify_core.hosted.v1.delivery import Delivery
from classify_core.hosted.v1.journal import V1Journal
from classify_core.hosted.v1.results import JobResults, Outcome
from classify_core.hosted.v1.tasks import Tasks
from classify_core.hosted.v1.watch import JobWatch, Watches
from classify_core.models_v1 import V1Job


@dataclass(frozen=True)
class FormerJobs:
    """Gives documents to the jobs that they are in already.

    Attributes:
        watches: waits for jobs.
        delivery: hands out what they found.
        tasks: in which it is waited for jobs that are still open.
        known: is told of each job that was found.
        retry_failed: whether a document that failed in such a job is classified again.
    """

    watches: Watches
    delivery: Delivery
    tasks: Tasks
    known: KnownJobs
    retry_failed: bool

    async def has(self, file: BegunFile, job_id: str, journal: V1Journal) -> bool:
        """Whether a document's former job stands for it, which it is then given to.

        A cancelled job does not, nor one that is gone, nor with `retry_failed` one that the document failed in.

        Raises:
            ClassifyError: the service could not be asked.
        """
        self.known.add(job_id)
        file.is_former = True
        if self._joined(job_id, file):
            return True
        try:
            state = await self.watches.state(job_id, file.deadline)
        except NotFoundError:
            await journal.forget_file_job(file.origin.work_id)
            return False
        if isinstance(state, JobResults):
            return self._has_settled(file, state)
        if not self._joined(job_id, file):
            self._wait_for(state, file)
        return True

    def _joined(self, job_id: str, file: BegunFile) -> bool:
        if not self.watches.join(job_id, file):
            return False
        file.belongs_to(job_id)
        self.delivery.use(file)
        return True

    def _wait_for(self, job: V1Job, file: BegunFile) -> None:
        file.belongs_to(job.id)
        self.delivery.use(file)
        self.tasks.start(self._carry(self.watches.begin(job, [file])))

    async def _carry(self, watch: JobWatch) -> None:
        try:
            await self.watches.carry(watch)
        finally:
            await self.delivery.deliver(watch.files, watch.results)

    def _has_settled(self, file: BegunFile, results: JobResults) -> bool:
        outcome = results.outcome_of(file.origin.file_id, is_former=True)
        if self._may_be_made_again(outcome):
            return False
        file.belongs_to(results.job.id)
        file.settle(outcome)
        return True

    def _may_be_made_again(self, outcome: Outcome) -> bool:
        return isinstance(outcome, JobCancelledError) or (isinstance(outcome, JobFailedError) and self.retry_failed)
