"""A cascade whose dear backend makes jobs: a document that stays has none, and is neither uploaded nor charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from classify_core.backend import BegunJob, ClassifyRequest, DocumentContext, JobBackend, JobReference, JobState
from classify_core.cascade.request import Asked, DearRequest
from classify_core.cascade.steps import Steps, named
from classify_core.classification import Answer
from classify_core.errors import ClassifyError
from classify_core.guarding import errors_of


class JobMethods:
    """What makes a cascade a `JobBackend`."""

    _steps: Steps
    _jobs: JobBackend

    @property
    def documents_in_hand(self) -> int:
        """How many documents it usefully has in memory at once: as many as the dear backend."""
        return self._jobs.documents_in_hand

    async def first_look(self, request: ClassifyRequest, *, timeout: float) -> Answer | ClassifyRequest:
        """The cheap answer where that is enough, else what to begin the dear backend's job with."""
        return await self._steps.first_look(request, timeout=timeout)

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> BegunJob:
        """Begins the dear backend's job, unless the document was not looked at before and needs none."""
        looked = request
        if not isinstance(looked, DearRequest):
            first = await self._steps.first_look(request, timeout=timeout)
            if isinstance(first, Answer):
                return AnsweredJob(first)
            looked = first
        return await self._begun(looked, context, timeout)

    async def _begun(self, request: DearRequest, context: DocumentContext, timeout: float) -> BegunJob:
        asked = request.asked()
        self._steps.ledger.was_sent(asked.content_key)
        try:
            with errors_of(self._jobs):
                begun = await self._jobs.begin(request.plain(), context, timeout=timeout)
        except ClassifyError as error:
            if context.run.is_submission:  # what is not begun has to be told: nobody waits for an answer
                raise
            return AnsweredJob(self._steps.instead(asked, error))
        if context.run.is_submission and not begun.is_former:
            self._steps.ledger.spent(asked.price)
        return DearJob(begun, asked, self._steps)

    async def states(self, references: Sequence[JobReference], *, timeout: float) -> list[JobState]:
        """Looks once at jobs begun earlier: all of them are the dear backend's."""
        states = await self._jobs.states(references, timeout=timeout)
        return [named(state, self._jobs) if isinstance(state, Answer) else state for state in states]


@dataclass(frozen=True, slots=True)
class DearJob:
    """A job of the dear backend."""

    begun: BegunJob
    asked: Asked
    steps: Steps

    @property
    def is_former(self) -> bool:
        """Whether it was made, and paid for, before this call."""
        return self.begun.is_former

    async def referred(self) -> JobReference:
        """What names the job."""
        return await self.begun.referred()

    async def answer(self) -> Answer:
        """Waits for its result; the cheap answer where it has none and that is to stand for it."""
        try:
            with errors_of(self.steps.dear):
                return self.steps.given(self.asked, await self.begun.answer())
        except ClassifyError as error:
            return self.steps.instead(self.asked, error)


@dataclass(frozen=True, slots=True)
class AnsweredJob:
    """Stands for a job that was not made, since there is an answer."""

    known: Answer

    @property
    def is_former(self) -> bool:
        """Nothing is to be paid for it."""
        return True

    async def referred(self) -> JobReference:
        """There is no job to name.

        Raises:
            ClassifyError: always.
        """
        raise ClassifyError("the document was answered without a job; classify it instead of submitting it")

    async def answer(self) -> Answer:
        """The answer."""
        return self.known
