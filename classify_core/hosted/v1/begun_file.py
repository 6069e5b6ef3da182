"""One document's share in a v1 job."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from classify_core.backend import DocumentContext, JobReference, unexpected
from classify_core.classification import Answer
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyError, ClassifyTimeoutError, RunStoppedError
from classify_core.hosted.v1.results import Outcome, bare
from classify_core.progress.events import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrigin:
    """Where a file of a v1 job comes from; nothing of its content.

    Attributes:
        file_id: its ID at the service.
        document: `ClassifyRequest.content_key`.
        work_id: equal for equal work: the document and all that decides its label.
        is_own: whether we uploaded it, so that we may delete it.
    """

    file_id: str
    document: str
    work_id: str
    is_own: bool


class BegunFile:
    """A document that waits for its job to be made, then for its result: the `BegunJob` of the v1 API.

    The job is made a little later, together with those of other documents.

    Args:
        origin: the file.
        context: the call it belongs to.
        deadline: until when it is waited for.
        timeout: the seconds that its caller allowed, for errors.

    Attributes:
        is_former: whether its job was made, and paid for, before this call.
    """

    def __init__(self, origin: FileOrigin, context: DocumentContext, deadline: Deadline, *, timeout: float) -> None:
        loop = asyncio.get_running_loop()
        self.origin = origin
        self.context = context
        self.deadline = deadline
        self.is_former = False
        self._timeout = timeout
        self._job_id: str | None = None
        # Errors are kept as values: nobody may ever ask for them, and asyncio complains of exceptions nobody took.
        self._reference: asyncio.Future[JobReference | ClassifyError] = loop.create_future()
        self._outcome: asyncio.Future[Outcome] = loop.create_future()

    @property
    def key(self) -> str:
        """Equal for equal files."""
        return bare(self.origin.file_id)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody may still want its outcome: it has none, and nobody gave it up."""
        return not (self._outcome.done() or self._reference.cancelled())

    async def referred(self) -> JobReference:
        """Waits until its job is made, and names that and the file in it; cancelled, it gives up its share.

        Raises:
            ClassifyError: no job could be made.
        """
        reference = await self._reference
        if isinstance(reference, ClassifyError):
            raise reference
        return reference

    async def answer(self) -> Answer:
        """Waits for its result; cancelled, it leaves the job running, since v1 cannot cancel jobs.

        Raises:
            JobFailedError, JobCancelledError, ClassifyTimeoutError: the three ways to end without one.
            ClassifyError: the job could not be made, or a look at it failed.
        """
        outcome = await self._outcome
        if isinstance(outcome, ClassifyError):
            raise outcome
        return outcome

    def belongs_to(self, job_id: str) -> None:
        """Says which job has it."""
        self._job_id = job_id
        if not self._reference.done():
            self._reference.set_result(JobReference(job_id, self.origin.file_id))
            self.context.report(Stage.CREATED, job_id=job_id)

    def settle(self, outcome: Outcome) -> None:
        """Says what became of it; the first word stands."""
        if isinstance(outcome, ClassifyError):
            outcome = self._own(outcome)
            if not self._reference.done():
                self._reference.set_result(outcome)
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def time_out(self) -> None:
        """Says that its time is over."""
        message = (
            f"the job had not ended after {self._timeout:.3g} s; it may still end: "
            "classify again later, or with a longer timeout"
        )
        self.settle(ClassifyTimeoutError(message))

    def _own(self, error: ClassifyError) -> ClassifyError:
        """A copy: others of the job get the error too, and each is given the name of its document."""
        own = copy.copy(error)
        own.__cause__ = error.__cause__
        if isinstance(own, ClassifyTimeoutError):
            own.timeout = self._timeout
        return own.about(job_id=self._job_id)


@contextmanager
def telling(files: Sequence[BegunFile]) -> Iterator[None]:
    """Tells documents what ends the work on them early, whatever that is, so that none waits for ever."""
    try:
        yield
    except ClassifyError as error:
        _fail(files, error)
    except asyncio.CancelledError:
        _fail(files, RunStoppedError("not done, because the backend was closed meanwhile; its job is left running"))
        raise
    except Exception as error:  # noqa: BLE001 - what should not happen must not leave anybody waiting either
        _fail(files, unexpected(error))


def _fail(files: Sequence[BegunFile], error: ClassifyError) -> None:
    for file in files:
        file.settle(error)
