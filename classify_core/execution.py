"""How one document goes from a source to an outcome: asked, checked, told.

All of it runs on the background event loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Final

from classify_core.asking import asking_of
from classify_core.backend import JobReference, unexpected
from classify_core.calibration import Calibration
from classify_core.classification import Answer, Classification, Status
from classify_core.document import Document
from classify_core.errors import (
    ClassifyError,
    ClassifyTimeoutError,
    CreditLimitError,
    JobCancelledError,
    RunStoppedError,
    UnknownTypeError,
)
from classify_core.guarding import said_by_batch
from classify_core.handles import JobHandle
from classify_core.knowledge import Found, Knowledge
from classify_core.pricing import Budget, UsageCounter
from classify_core.progress.events import Stage
from classify_core.run_state import RunState, without_stack
from classify_core.settings import Settings

logger = logging.getLogger(__name__)


class Execution:
    """Works on documents within one event loop: bounded, each distinct document once.

    Args:
        settings: what decides an outcome besides the document.
        knowledge: what is known already.
        budget: what may still be spent.
        usage: counts what is done.
        open_limit: how many documents are open at once.
        calibration: what the confidence of answers means by now.
    """

    def __init__(
        self,
        settings: Settings,
        knowledge: Knowledge,
        budget: Budget,
        usage: UsageCounter,
        *,
        open_limit: int,
        calibration: Callable[[], Calibration | None],
    ) -> None:
        self._settings = settings
        self._knowledge = knowledge
        self._usage = usage
        self._calibration = calibration
        self._slots = asyncio.Semaphore(open_limit)
        self._asking = asking_of(settings, knowledge, budget)

    async def outcome(self, document: Document) -> Classification:
        """Classifies one document; whatever fails, there is an outcome."""
        try:
            async with self._slots:
                document.run.check()
                found = await self._asking.answer(document)
            return self._classified(document, found)
        except Exception as error:  # noqa: BLE001 - nothing may leave without an outcome
            return self._failed(document, error)
        finally:
            document.was_begun()

    async def handle(self, document: Document) -> JobHandle:
        """Begins with one document; whatever fails, there is a handle."""
        try:
            async with self._slots:
                document.run.check()
                submitted = await self._asking.submission(document)
            if isinstance(submitted, Found):
                return self._handle(document, self._classified(document, submitted))
            self._usage.count_submission(made_job=document.made_job, price=document.price)
            document.report(Stage.DONE, job_id=submitted.job_id)
            return self._handle(document, None, submitted)
        except Exception as error:  # noqa: BLE001 - nothing may leave without an outcome
            return self._handle(document, self._failed(document, error))

    async def settled(self, handle: JobHandle, state: Answer | ClassifyError) -> Classification:
        """What has become of a job that was begun earlier."""
        try:
            if isinstance(state, ClassifyError):
                raise state
            self._refuse_unknown_type(state)
        except ClassifyError as error:
            return self._outcome_of(_about(error, handle.source_name), handle.source_name, handle.digest)
        await self._knowledge.keep_former(handle.content_key, state)
        return self._classification(state, handle.source_name, handle.digest)

    async def revised(self, run: RunState, outcomes: Mapping[int, Classification]) -> dict[int, Classification]:
        """Outcomes with a view to all documents of the call, where the backend has one; none is lost on the way."""
        if run.batch is None or run.is_over:
            return dict(outcomes)
        backend = self._settings.backend
        otherwise = "the documents of the call were answered each for itself"
        answers = await said_by_batch(run.batch.answers(), backend, run, otherwise=otherwise)
        revised = dict(outcomes)
        for index, outcome in outcomes.items():
            key = run.content_keys.get(index)
            answer = None if key is None or not outcome.status.is_success else answers.get(key)
            if key is not None and answer is not None and self._is_usable(answer):
                await self._knowledge.keep(self._knowledge.key_of(key), answer, run)
                revised[index] = self._classification(answer, outcome.source_name, outcome.digest, is_raw=run.is_raw)
        return revised

    def _is_usable(self, answer: object) -> bool:
        """Whether a batch, which may be anybody's, gave an answer that can stand for the document's own."""
        if isinstance(answer, Answer) and (answer.type is None or answer.type in self._settings.types):
            return True
        logger.warning(
            "an answer of the batch of %s is not valid, or of a type in no rule", self._settings.backend.name
        )
        return False

    def _handle(self, document: Document, outcome: Classification | None, job: JobReference | None = None) -> JobHandle:
        return JobHandle(
            rules_id=self._settings.rules_id,
            backend=self._settings.backend.name,
            source_name=document.name,
            digest=document.digest,
            content_key=document.content_key,
            job_id=None if job is None else job.job_id,
            file_id=None if job is None else job.file_id,
            outcome=outcome,
        )

    def _classified(self, document: Document, found: Found) -> Classification:
        self._refuse_unknown_type(found.answer)
        self._usage.count_answer(found.answer, cached=found.is_cached, price=document.price)
        document.report(Stage.CACHED if found.is_cached else Stage.DONE, job_id=found.answer.job_id)
        return self._classification(found.answer, document.name, document.digest, is_raw=document.run.is_raw)

    def _failed(self, document: Document, error: Exception) -> Classification:
        own = _about(error if isinstance(error, ClassifyError) else unexpected(error), document.name)
        document.run.consider(own)
        self._usage.count_failure(made_job=document.made_job, price=document.price)
        document.report(Stage.FAILED, job_id=own.job_id)
        return self._outcome_of(own, document.name, document.digest)

    def _refuse_unknown_type(self, answer: Answer) -> None:
        if answer.type is not None and answer.type not in self._settings.types:
            raise UnknownTypeError(
                f"the backend answered with the type {answer.type[:60]!r}, which is in none of the "
                f"{len(self._settings.types)} rules; the answer was not used",
                type=answer.type,
                job_id=answer.job_id,
            )

    def _classification(
        self, answer: Answer, name: str | None, digest: str | None, *, is_raw: bool = False
    ) -> Classification:
        calibration = None if is_raw or answer.type is None else self._calibration()
        confidence = answer.confidence if calibration is None else calibration(answer.confidence)
        threshold = None if is_raw else self._settings.min_confidence
        withheld = answer.type is not None and threshold is not None and confidence < threshold
        return Classification(
            type=None if withheld else answer.type,
            confidence=confidence,
            raw_confidence=None if calibration is None else answer.confidence,
            reasoning=answer.reasoning,
            status=Status.BELOW_THRESHOLD if withheld else Status.COMPLETED,
            alternatives=answer.alternatives if calibration is None else calibration.rescaled(answer.alternatives),
            backend=answer.backend or self._settings.backend.name,
            rules_id=self._settings.rules_id,
            job_id=answer.job_id,
            usage=answer.usage,
            source_name=name,
            digest=digest,
        )

    def _outcome_of(self, error: ClassifyError, name: str | None, digest: str | None) -> Classification:
        return Classification(
            status=status_of(error),
            error=error,
            backend=self._settings.backend.name,
            rules_id=self._settings.rules_id,
            job_id=error.job_id,
            source_name=name,
            digest=digest,
        )


def _about(error: ClassifyError, name: str | None) -> ClassifyError:
    """The error as this document's own: equal documents share the work, and so the error, but not the name."""
    own = without_stack(error)
    own.source_name = name
    return own


def status_of(error: ClassifyError) -> Status:
    """How a document ended that has this error."""
    for error_class, status in _STATUSES:
        if isinstance(error, error_class):
            return status
    return Status.FAILED


_STATUSES: Final[tuple[tuple[type[ClassifyError], Status], ...]] = (
    (JobCancelledError, Status.CANCELLED),
    (ClassifyTimeoutError, Status.TIMEOUT),
    (RunStoppedError, Status.NOT_STARTED),
    (CreditLimitError, Status.NOT_STARTED),
)
