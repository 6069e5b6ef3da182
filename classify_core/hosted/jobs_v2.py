"""The current API's jobs: one document each, made once whatever happens, and watched together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from classify_core.api.calls_jobs import LARGEST_PAGE, has_ended
from classify_core.backend import BegunJob, ClassifyRequest, DocumentContext, JobReference, JobState, RunContext
from classify_core.deadline import Deadline
from classify_core.errors import ApiError, ClassifyError, ClassifyTimeoutError, NotFoundError, RejectedRequestError
from classify_core.hosted.begun_v2 import BegunJobV2, DocumentNotes, JobsAlike, answer_of, usage_of
from classify_core.hosted.claim import Claim
from classify_core.hosted.creation import Beginning, Creations, is_former, may_be_made_again
from classify_core.hosted.former_jobs import FormerJobs
from classify_core.hosted.housekeeping import Housekeeping
from classify_core.hosted.journal import NotedJob
from classify_core.hosted.per_run import PerRun
from classify_core.hosted.transaction import Transaction
from classify_core.hosted.uploads import FileInput, Uploads
from classify_core.hosted.watching.lookup import JobLookup, SeenJob, Sight
from classify_core.hosted.watching.schedule import LookBudget
from classify_core.limits import RateLimits
from classify_core.progress.events import Stage

if TYPE_CHECKING:
    from classify_core.api.clock import Clock
    from classify_core.hosted.account import Account
    from classify_core.hosted.options import HostedJobOptions
    from classify_core.hosted.pacing import PacedClient

MAX_ATTEMPTS: Final = 10
"""So many jobs of a document that came to nothing are passed over; the last one's end is the document's."""


@dataclass(frozen=True, slots=True)
class _Document:
    """One document while its job is begun."""

    request: ClassifyRequest
    context: DocumentContext
    deadline: Deadline
    transaction: Transaction
    notes: DocumentNotes
    claim: Claim


@dataclass(frozen=True, slots=True)
class _Found:
    """A document's job, with the attempt number that it was made under."""

    job: SeenJob
    attempt: int
    is_former: bool


class JobsV2:
    """Begins jobs and says how they stand.

    Args:
        client: sends the requests, as the limits admit them.
        uploads: brings documents to the service.
        account: that of the running loop.
        limits: of the plan.
        options: how jobs are made, waited for and tidied away.
        clock: time.
    """

    def __init__(
        self,
        client: PacedClient,
        uploads: Uploads,
        account: Callable[[], Account],
        *,
        limits: RateLimits,
        options: HostedJobOptions,
        clock: Clock,
    ) -> None:
        self._client = client
        self._uploads = uploads
        self._account = account
        self._limits = limits
        self._options = options
        self._clock = clock
        self._creations = Creations()
        self._lookup = JobLookup(client)
        self._former_jobs = FormerJobs(self._lookup, clock)
        self._housekeeping = Housekeeping(client, clock)
        self._budgets: PerRun[LookBudget] = PerRun(self._budget_of)
        self._alike = JobsAlike(client, self._lookup, self._housekeeping, options, clock)

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> BegunJob:
        """Makes a document's job, or finds it; see `JobBackend.begin`."""
        transaction = Transaction(request)
        notes = DocumentNotes(
            document=None if request.content is None else request.content_key,
            transaction_id=transaction.id_of(0),
            journal=self._uploads.journal_of(context.run),
        )
        account = self._account()
        claim = Claim(account.places(self._limits.concurrent_jobs), account.uploads)
        deadline = self._deadline(context.run, timeout)
        try:
            document = _Document(request, context, deadline, transaction, notes, claim)
            found = await self._found(document)
        except BaseException as error:
            claim.give_back()
            if isinstance(error, ClassifyTimeoutError):
                error.timeout = timeout  # of the document, not of its last request
            raise
        return self._begun(document, found, timeout)

    async def states(self, references: Sequence[JobReference], *, timeout: float) -> list[JobState]:
        """Looks once at jobs; see `JobBackend.states`."""
        deadline = Deadline(self._clock.monotonic() + timeout)
        known: dict[str, JobState] = {}
        job_ids = list(dict.fromkeys(reference.job_id for reference in references))
        for begin in range(0, len(job_ids), LARGEST_PAGE):
            sights = await self._lookup.look(job_ids[begin : begin + LARGEST_PAGE], deadline=deadline)
            states = await asyncio.gather(*map(self._state, sights.values()))
            known.update(zip(sights, states, strict=True))
        return [known[reference.job_id] for reference in references]

    async def aclose(self) -> None:
        """Finishes the cancels that are under way, within a few seconds."""
        await self._housekeeping.aclose()

    def _deadline(self, run: RunContext, timeout: float) -> Deadline:
        return Deadline.within(timeout, self._clock.monotonic(), of_call=run.deadline)

    def _budget_of(self, run: RunContext) -> LookBudget:
        limits = self._limits
        bounds = [bound for bound in (limits.concurrent_jobs, run.open_limit) if bound is not None]
        return LookBudget(
            run,
            open_limit=min(bounds, default=None),
            every_request_counts=limits.requests_per_minute is not None,
        )

    def _begun(self, document: _Document, found: _Found, timeout: float) -> BegunJobV2:
        document.context.report(Stage.CREATED, job_id=found.job.id)
        return BegunJobV2(
            found.job,
            is_former=found.is_former,
            claim=document.claim,
            notes=document.notes,
            context=document.context,
            deadline=document.deadline,
            timeout=timeout,
            account=self._account(),
            budget=self._budgets.of(document.context.run),
            alike=self._alike,
        )

    async def _found(self, document: _Document) -> _Found:
        noted = await self._noted(document)
        if noted is not None and not self._may_be_made_again(noted.job):
            if not noted.job.status.is_terminal:
                await self._take_place(document)
            return noted
        found = await self._created(document, 0 if noted is None else noted.attempt + 1)
        try:
            await document.notes.journal.note_job(document.notes.transaction_id, NotedJob(found.attempt, found.job.id))
        except asyncio.CancelledError:
            if self._options.cancel_remote:
                self._housekeeping.cancel(found.job.id)
            raise
        return found

    async def _noted(self, document: _Document) -> _Found | None:
        """The job that a former run noted, as it stands now."""
        notes = document.notes
        noted = await notes.journal.job(notes.transaction_id)
        if noted is None:
            return None
        job = await self._former_jobs.look(noted.job_id, document.deadline)
        if job is None:
            await notes.journal.forget_job(notes.transaction_id)
            return None
        self._account().jobs.add(job.id)
        return _Found(job, noted.attempt, is_former=True)

    async def _created(self, document: _Document, first_attempt: int) -> _Found:
        """Creates the job, or finds the one that was created for equal work before; and says which of the two.

        A former job that came to nothing and may be made again is passed over for the next attempt. A job that this
        call made is never passed over: its end, whatever it is, is the document's.
        """
        file = await self._file_of(document)
        await self._take_place(document)
        attempt = first_attempt
        while True:
            file, found = await self._attempt(document, file, attempt)
            self._account().jobs.add(found.job.id)
            is_last = attempt >= first_attempt + MAX_ATTEMPTS - 1
            if is_last or not (found.is_former and self._may_be_made_again(found.job)):
                return found
            attempt += 1

    async def _file_of(self, document: _Document) -> FileInput:
        file = await self._uploads.file_of(document.request, document.context, document.deadline)
        if document.request.content is not None:
            document.claim.use_file(file.file_id)
        return file

    async def _take_place(self, document: _Document) -> None:
        if not document.context.run.is_submission:  # whose jobs nobody here sees the end of
            await document.claim.take_place(document.deadline, self._clock)

    async def _attempt(self, document: _Document, file: FileInput, attempt: int) -> tuple[FileInput, _Found]:
        """Creates once; a file that the service does not know any more is uploaded anew, once."""
        try:
            return file, await self._create(document, file, attempt)
        except (RejectedRequestError, NotFoundError) as error:
            if document.request.content is None or file.is_new or not _may_mean_the_file(error):
                raise
        self._uploads.forget(document.request, file.file_id)
        file = await self._file_of(document)
        return file, await self._create(document, file, attempt)

    async def _create(self, document: _Document, file: FileInput, attempt: int) -> _Found:
        begin = Beginning(self._clock.now(), self._clock.monotonic())
        call = self._creations.of(document.request, file.file_id, document.transaction.id_of(attempt))
        context = document.context
        making = self._client.run(
            call, deadline=document.deadline, on_wait=lambda left: context.report(Stage.WAITING, seconds=left)
        )
        if self._options.cancel_remote:
            created = await self._housekeeping.followed(making, lambda made: made.job.id)
        else:
            created = await making
        job = created.job
        former = job.id in self._account().jobs or is_former(created, file, begin, self._clock.monotonic())
        if former:
            self._uploads.expect_former(context.run)
        return _Found(job, attempt, is_former=former)

    def _may_be_made_again(self, job: SeenJob) -> bool:
        return may_be_made_again(job.status, retry_failed=self._options.retry_failed)

    async def _state(self, sight: Sight) -> JobState:
        if isinstance(sight, ClassifyError):
            return sight
        try:
            if not has_ended(sight):
                return sight.status
        except ClassifyError as error:
            return error
        usage = await usage_of(sight.id, self._alike) if self._options.usage else None
        return answer_of(sight, is_former=True, usage=usage)


def _may_mean_the_file(error: ApiError) -> bool:
    """Whether a create may have been refused because its file has expired or was deleted; the text is not promised."""
    return error.status in {400, 404}
