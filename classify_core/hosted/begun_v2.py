"""A job that was begun: waited for without the document, and tidied away after."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from classify_core.api.calls_jobs import get_job, has_ended
from classify_core.backend import DocumentContext, JobReference
from classify_core.classification import Answer
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, ClassifyTimeoutError
from classify_core.models import JobUsage
from classify_core.progress.events import Stage

if TYPE_CHECKING:
    from classify_core.api.clock import Clock
    from classify_core.hosted.account import Account
    from classify_core.hosted.claim import Claim
    from classify_core.hosted.housekeeping import Housekeeping
    from classify_core.hosted.journal import HostedJournal
    from classify_core.hosted.options import HostedJobOptions
    from classify_core.hosted.pacing import PacedClient
    from classify_core.hosted.watching.lookup import JobLookup, SeenJob
    from classify_core.hosted.watching.schedule import LookBudget

logger = logging.getLogger(__name__)

USAGE_SECONDS: Final = 10.0
"""How long is tried to learn what a job cost; its answer is worth more than that."""


@dataclass(frozen=True, slots=True)
class DocumentNotes:
    """Under which names a document is remembered, so that it can be forgotten.

    Attributes:
        document: its `content_key`; None where the user named it by an ID.
        transaction_id: that of its first attempt.
        journal: the run's.
    """

    document: str | None
    transaction_id: str
    journal: HostedJournal


@dataclass(frozen=True, slots=True)
class JobsAlike:
    """What all jobs of a backend are waited for with."""

    client: PacedClient
    lookup: JobLookup
    housekeeping: Housekeeping
    options: HostedJobOptions
    clock: Clock


class BegunJobV2:
    """One document's job.

    Args:
        job: as it stood when it was begun.
        is_former: whether it was made before this call.
        claim: what the document holds until its job has ended.
        notes: what to forget when it is deleted.
        context: the document's.
        deadline: until when its result is waited for.
        timeout: the seconds that were allowed, for the error.
        account: whose jobs are watched together.
        budget: the run's looks.
        alike: what it shares with other jobs.
    """

    def __init__(
        self,
        job: SeenJob,
        *,
        is_former: bool,
        claim: Claim,
        notes: DocumentNotes,
        context: DocumentContext,
        deadline: Deadline,
        timeout: float,
        account: Account,
        budget: LookBudget,
        alike: JobsAlike,
    ) -> None:
        self.is_former = is_former
        self._job = job
        self._claim = claim
        self._notes = notes
        self._context = context
        self._deadline = deadline
        self._timeout = timeout
        self._account = account
        self._budget = budget
        self._alike = alike

    async def referred(self) -> JobReference:
        """What names the job; nobody here sees its end then, so nothing is held for it any more."""
        self._claim.give_back()
        return JobReference(self._job.id)

    async def answer(self) -> Answer:
        """Waits for the result; see `BegunJob`."""
        job = await self._ended()
        self._claim.leave_place()  # what is still to be asked and deleted keeps no job from being made
        try:
            has_ended(job)
        except ClassifyError:
            await self._tidy(job, delete_job=False)  # a failed job is kept, so that the next run does not pay for it
            raise
        usage = await self._usage()
        await self._tidy(job, delete_job=True)
        return answer_of(job, is_former=self.is_former, usage=usage)

    async def _ended(self) -> SeenJob:
        """The job at its end; where that is not waited for any longer, it is left as the options say."""
        if self._job.status.is_terminal:
            return self._job
        try:
            return await self._account.watcher.watch(
                self._job,
                lookup=self._alike.lookup,
                budget=self._budget,
                deadline=self._deadline,
                on_running=self._report_running,
            )
        except (asyncio.CancelledError, ClassifyTimeoutError) as error:
            if isinstance(error, ClassifyTimeoutError):
                error.about(job_id=self._job.id).timeout = self._timeout
            if self._alike.options.cancel_remote:
                self._alike.housekeeping.cancel(self._job.id)
            self._claim.give_back()
            raise
        except ClassifyError as error:
            self._claim.give_back()
            raise error.about(job_id=self._job.id) from error.__cause__

    def _report_running(self) -> None:
        self._context.report(Stage.RUNNING, job_id=self._job.id)

    async def _usage(self) -> JobUsage | None:
        if not self._alike.options.usage:
            return None
        return await usage_of(self._job.id, self._alike)

    async def _tidy(self, job: SeenJob, *, delete_job: bool) -> None:
        """Gives back what was held, and deletes what is not to stay."""
        if not self._alike.options.delete_after:
            await self._alike.housekeeping.delete(None, self._claim.give_back())
            return
        notes = self._notes
        if notes.document is not None:
            if job.file_input:  # a former job read a former upload
                self._claim.use_file(job.file_input)
            self._account.uploads.drop(notes.document)
            await notes.journal.forget_upload(notes.document)
        if delete_job:
            self._account.jobs.forget(job.id)
            await notes.journal.forget_job(notes.transaction_id)
        file_ids = self._claim.give_back(delete_files=True)
        await self._alike.housekeeping.delete(job.id if delete_job else None, file_ids)


def answer_of(job: SeenJob, *, is_former: bool, usage: JobUsage | None) -> Answer:
    """The answer that a completed job gives."""
    if job.result is None:
        raise TypeError("has_ended lets no job pass that has no result")
    return Answer(
        type=job.result.type,
        confidence=job.result.confidence,
        reasoning=job.result.reasoning,
        job_id=job.id,
        usage=usage,
        is_from_former_job=is_former,
    )


async def usage_of(job_id: str, alike: JobsAlike) -> JobUsage | None:
    """What a job was billed; None, which is logged, where that cannot be learned: the answer is not lost for it."""
    deadline = Deadline(alike.clock.monotonic() + USAGE_SECONDS)
    try:
        return (await alike.client.run(get_job(job_id, expand=("usage",)), deadline=deadline)).usage
    except ClassifyError as error:
        logger.warning("what the job %s cost could not be learned: %s", job_id, error.message)
        return None
