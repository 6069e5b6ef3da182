"""The hosted jobs of the deprecated v1 API, behind the same methods as those of v2."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from classify_core.api.clock import Clock
from classify_core.backend import BegunJob, ClassifyRequest, DocumentContext, JobReference, JobState, RunContext
from classify_core.deadline import Deadline
from classify_core.errors import (
    ClassifyError,
    ClassifyTimeoutError,
    ContractError,
    InvalidOptionError,
    NotFoundError,
)
from classify_core.hosted.housekeeping import Housekeeping
from classify_core.hosted.options import HostedJobOptions
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.per_loop import PerLoop
from classify_core.hosted.per_run import PerRun
from classify_core.hosted.transaction import transaction_id_of
from classify_core.hosted.uploads import Uploads
from classify_core.hosted.v1.batching import Batch, Gathering
from classify_core.hosted.v1.begun_file import BegunFile, FileOrigin
from classify_core.hosted.v1.course import JobCourse
from classify_core.hosted.v1.creation import Creation
from classify_core.hosted.v1.delivery import Delivery
from classify_core.hosted.v1.former import FormerJobs
from classify_core.hosted.v1.journal import Notebook, V1Journal
from classify_core.hosted.v1.results import JobResults
from classify_core.hosted.v1.tasks import Tasks
from classify_core.hosted.v1.watch import Watches
from classify_core.hosted.v1.work import Work, work_of
from classify_core.limits import RateLimits
from classify_core.models import JobStatus
from classify_core.models_v1 import V1Job, V1Mode

if TYPE_CHECKING:
    from classify_core.hosted.account import Account

logger = logging.getLogger(__name__)

LOOKS_AT_ONCE: Final = 16


class JobsV1:
    """Classifies documents in v1 jobs of up to 500 each.

    What v1 does not have: it tells no usage; its jobs can be neither cancelled (`cancel_remote` is said to do nothing)
    nor deleted (`delete_after` deletes the uploaded files alone); it has no transaction IDs. Still a document is
    classified once: its job is noted in the run's journal, or in memory where there is none, and a job whose creation's
    answer was lost is looked for (`recovery` says how, and how far that reaches). Only a process that is killed in the
    moment between sending a creation and noting its answer leaves a job that the next run does not know.

    Args:
        client: asks the service.
        uploads: bring documents there.
        account: what is shared with other backends of the key.
        limits: the plan's; each job, of however many documents, takes one of its places.
        options: how jobs are made and cleaned up after.
        clock: the time.
    """

    def __init__(  # noqa: PLR0917 - its parts, each of a type of its own
        self,
        client: PacedClient,
        uploads: Uploads,
        account: Callable[[], Account],
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
        self._mode = V1Mode(options.mode)
        self._notebook = Notebook()
        self._gatherings: PerRun[dict[Work, Gathering]] = PerRun(lambda _: {})
        self._on_loop = PerLoop(self._made)
        if options.cancel_remote:
            logger.warning(
                "cancel_remote does nothing with the v1 API, which cannot cancel jobs: they are left running"
            )

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> BegunJob:
        """Puts a document into a job to be, or finds the job that it is in already.

        It returns once the document is uploaded; the job is made a little later, with others of the run.

        Raises:
            InvalidOptionError: v1 cannot do this: a parse job, a saved configuration. Nothing was sent.
            ClassifyError: the document could not be uploaded, or its former job not be asked about.
        """
        work = work_of(request, self._mode)
        deadline = self._deadline(context.run, timeout)
        begun = partial(BegunFile, context=context, deadline=deadline, timeout=timeout)
        gathering = self._gathering(context.run, work)
        with gathering.approaching(context.run):
            try:
                file = await self._former(request, context.run, begun)
                if file is not None:
                    return file
                file_id = await self._uploads.file_id_of(request, context, deadline)
            except ClassifyTimeoutError as error:
                error.timeout = timeout  # of the document, not of its last request
                raise
            file = begun(self._origin(request, file_id))
            self._on_loop().delivery.use(file)
            gathering.join(context.run, file)
        return file

    async def states(self, references: Sequence[JobReference], *, timeout: float) -> list[JobState]:
        """Looks once at each job that is named, for all of its documents together.

        Raises:
            ClassifyError: the service could not be asked.
        """
        deadline = Deadline(self._clock.monotonic() + timeout)
        job_ids = list(dict.fromkeys(reference.job_id for reference in references))
        states: dict[str, V1Job | JobResults | ClassifyError] = {}
        for first in range(0, len(job_ids), LOOKS_AT_ONCE):
            some = job_ids[first : first + LOOKS_AT_ONCE]
            looks = (self._state(job_id, deadline) for job_id in some)
            states.update(zip(some, await asyncio.gather(*looks), strict=True))
        return [_state_of(reference, states[reference.job_id]) for reference in references]

    async def aclose(self) -> None:
        """Ends all waiting; jobs are left running.

        A creation or deletion under way is finished, within a few seconds.
        """
        await self._on_loop().tasks.aclose()

    async def _former(
        self, request: ClassifyRequest, run: RunContext, begun: Callable[[FileOrigin], BegunFile]
    ) -> BegunFile | None:
        """The document's share in a job that was made for it before."""
        journal = self._journal(run)
        reference = await journal.file_job(self._work_id(request))
        if reference is None or reference.file_id is None:
            return None
        self._uploads.expect_former(run)
        file = begun(self._origin(request, reference.file_id))
        return file if await self._on_loop().former.has(file, reference.job_id, journal) else None

    async def _note(self, job: V1Job, files: list[BegunFile]) -> None:
        self._on_loop().former.known.add(job.id)
        for file in files:
            reference = JobReference(job.id, file.origin.file_id)
            await self._journal(file.context.run).note_file_job(file.origin.work_id, reference)

    async def _state(self, job_id: str, deadline: Deadline) -> V1Job | JobResults | ClassifyError:
        try:
            return await self._on_loop().watches.state(job_id, deadline)
        except (NotFoundError, ContractError) as error:
            return error

    def _deadline(self, run: RunContext, timeout: float) -> Deadline:
        return Deadline.within(timeout, self._clock.monotonic(), of_call=run.deadline)

    def _gathering(self, run: RunContext, work: Work) -> Gathering:
        gatherings = self._gatherings.of(run)
        if work not in gatherings:
            gatherings[work] = Gathering(work, self._clock, partial(self._start, work))
        return gatherings[work]

    def _start(self, work: Work, batch: Batch) -> None:
        here, gathering = self._on_loop(), self._gatherings.of(batch.run)[work]
        here.tasks.start(gathering.linger(batch))
        here.tasks.start(here.course.take(batch, gathering.close))

    def _origin(self, request: ClassifyRequest, file_id: str) -> FileOrigin:
        return FileOrigin(
            file_id=file_id,
            document=request.content_key,
            work_id=self._work_id(request),
            is_own=request.content is not None,
        )

    def _work_id(self, request: ClassifyRequest) -> str:
        return f"{self._mode} {transaction_id_of(request, 0)}"

    def _journal(self, run: RunContext) -> V1Journal:
        journal = self._notebook if run.journal is None else run.journal
        return V1Journal(journal, self._client.base_url, self._client.project_id)

    def _made(self) -> _OnLoop:
        account = self._account()
        tasks = Tasks()
        watches = Watches(self._client, self._clock, requests_per_minute=self._limits.requests_per_minute)
        delivery = Delivery(
            self._account,
            Housekeeping(self._client, self._clock),
            self._journal,
            tasks,
            delete_after=self._options.delete_after,
        )
        course = JobCourse(
            clock=self._clock,
            places=partial(account.places, self._limits.concurrent_jobs),
            creation=Creation(self._client, self._clock, account.jobs),
            watches=watches,
            delivery=delivery,
            tasks=tasks,
            note=self._note,
        )
        former = FormerJobs(watches, delivery, tasks, account.jobs, self._options.retry_failed)
        return _OnLoop(tasks, watches, delivery, course, former)


@dataclass(frozen=True)
class _OnLoop:
    """What is bound to an event loop."""

    tasks: Tasks
    watches: Watches
    delivery: Delivery
    course: JobCourse
    former: FormerJobs


def _state_of(reference: JobReference, state: V1Job | JobResults | ClassifyError) -> JobState:
    if isinstance(state, ClassifyError):
        return state
    if isinstance(state, V1Job):
        return JobStatus.PENDING
    if reference.file_id is None:
        return InvalidOptionError(
            "a v1 job has several files; the reference names none of them", job_id=reference.job_id
        )
    return state.outcome_of(reference.file_id, is_former=True)
