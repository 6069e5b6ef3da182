"""How one document goes from a source to an outcome: read, known already?, backend, checks, classification.

All of it runs on the background event loop.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from classify_core.api.waiting import LAST_LOOK_SECONDS
from classify_core.backend import Backend, ClassifyRequest, error_of_backend, unexpected
from classify_core.cache import Cache
from classify_core.classification import Answer, Classification, Status
from classify_core.errors import (
    ClassifyError,
    ClassifyTimeoutError,
    CreditLimitError,
    InvalidResponseError,
    JobCancelledError,
    RunStoppedError,
    UnknownTypeError,
)
from classify_core.models import ClassifyConfiguration
from classify_core.rules import rules_id_of
from classify_core.run_state import Budget, RunState, without_stack
from classify_core.single_flight import SingleFlight
from classify_core.source import Content, Source, read

logger = logging.getLogger(__name__)

# A backend ends its own waits, the last look included, and can then name the job; the guard is for one that does not.
GUARD_SECONDS: Final = LAST_LOOK_SECONDS + 1.0


class Settings:
    """What decides an outcome besides the document.

    Attributes:
        types: the types that an answer may name.
        rules_id: tells labels made under other settings apart.
        cache_scope: the same without the threshold, which is applied to what the cache holds.
    """

    def __init__(
        self,
        configuration: ClassifyConfiguration,
        configuration_id: str | None,
        backend: Backend,
        *,
        min_confidence: float | None,
        timeout: float,
    ) -> None:
        self.configuration = configuration
        self.configuration_id = configuration_id
        self.backend = backend
        self.min_confidence = min_confidence
        self.timeout = timeout
        self.types = frozenset(rule.type for rule in configuration.rules)
        self.rules_id = rules_id_of(configuration, min_confidence, backend.name)
        self.cache_scope = rules_id_of(configuration, None, backend.name)


@dataclass
class Execution:
    """Works on documents within one event loop: bounded, each distinct document once."""

    settings: Settings
    cache: Cache | None
    budget: Budget
    slots: asyncio.Semaphore
    flights: SingleFlight[Answer] = field(default_factory=SingleFlight)

    async def outcome(self, source: Source, run: RunState) -> Classification:
        """Classifies one document; whatever fails, there is an outcome."""
        content: Content | None = None
        try:
            async with self.slots:
                run.check()
                async with _guarded(self.settings.timeout):
                    content = await read(source)
                    answer = await self._answer(source, content, run)
            self._refuse_unknown_type(answer)
        except Exception as error:  # noqa: BLE001 - nothing may leave without an outcome
            own = _about(error if isinstance(error, ClassifyError) else unexpected(error), source)
            run.consider(own)
            return self._failed(source, content, own)
        return self._classified(source, content, answer)

    async def _answer(self, source: Source, content: Content | None, run: RunState) -> Answer:
        settings = self.settings
        request = ClassifyRequest(source, content, settings.configuration, settings.configuration_id)
        key = _digest(settings.cache_scope, request.content_key)
        cache = run.answers if self.cache is None else self.cache
        cached = await _kept(cache, key)
        if cached is not None:
            return cached
        if key in run.failures:
            raise run.failures[key]
        timeout = run.seconds_for(settings.timeout)
        try:
            answer = await self.flights.do(key, lambda: self._ask(request, key, cache, timeout))
        except ClassifyError as error:
            run.remember(key, error)
            raise
        if cache is run.answers:
            await cache.put(key, answer)  # another run may have begun the work, and kept it for itself
        return answer

    async def _ask(self, request: ClassifyRequest, key: str, cache: Cache, timeout: float) -> Answer:
        self.budget.check()
        answer = await self._backend_answer(request, timeout)
        self.budget.charge(answer)
        if answer.type is None or answer.type in self.settings.types:
            await _keep(cache, key, answer)
        return answer

    async def _backend_answer(self, request: ClassifyRequest, timeout: float) -> Answer:
        """The backend's answer, checked; whatever a backend raises becomes an error of ours."""
        backend = self.settings.backend
        try:
            answer = await backend.classify(request, timeout=timeout)
        except ClassifyError:
            raise
        except asyncio.CancelledError as error:
            if _is_being_cancelled():
                raise
            raise error_of_backend(backend, error) from None  # the backend cancelled something of its own
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - a backend may be anybody's
            raise error_of_backend(backend, error) from None
        try:
            return Answer.model_validate(dict(answer))
        except (ValidationError, TypeError, ValueError):
            raise InvalidResponseError(
                f"the backend {backend.name!r} answered with a {type(answer).__name__} that is no valid Answer"
            ) from None

    def _refuse_unknown_type(self, answer: Answer) -> None:
        if answer.type is not None and answer.type not in self.settings.types:
            raise UnknownTypeError(
                f"the backend answered with the type {answer.type[:60]!r}, which is in none of the "
                f"{len(self.settings.types)} rules; the answer was not used",
                type=answer.type,
                job_id=answer.job_id,
            )

    def _classified(self, source: Source, content: Content | None, answer: Answer) -> Classification:
        threshold = self.settings.min_confidence
        withheld = answer.type is not None and threshold is not None and answer.confidence < threshold
        return Classification(
            type=None if withheld else answer.type,
            confidence=answer.confidence,
            reasoning=answer.reasoning,
            status=Status.BELOW_THRESHOLD if withheld else Status.COMPLETED,
            alternatives=answer.alternatives,
            backend=answer.backend or self.settings.backend.name,
            rules_id=self.settings.rules_id,
            job_id=answer.job_id,
            usage=answer.usage,
            source_name=source.name,
            digest=None if content is None else content.digest,
        )

    def _failed(self, source: Source, content: Content | None, error: ClassifyError) -> Classification:
        return Classification(
            status=status_of(error),
            error=error,
            backend=self.settings.backend.name,
            rules_id=self.settings.rules_id,
            job_id=error.job_id,
            source_name=source.name,
            digest=None if content is None else content.digest,
        )


@asynccontextmanager
async def _guarded(seconds: float) -> AsyncIterator[None]:
    """Bounds a document's whole time and turns the end of it into our own error."""
    try:
        async with asyncio.timeout(seconds + GUARD_SECONDS):
            yield
    except TimeoutError as error:
        raise ClassifyTimeoutError(
            f"no outcome within {seconds:g} s; raise timeout= or try the document alone", timeout=seconds
        ) from error


async def _kept(cache: Cache, key: str) -> Answer | None:
    try:
        return await cache.get(key)
    except Exception as error:  # noqa: BLE001 - a cache may be anybody's, and an answer can be had without it
        logger.warning("the cache failed to give an answer: %s", type(error).__name__)
        return None


async def _keep(cache: Cache, key: str, answer: Answer) -> None:
    try:
        await cache.put(key, answer)
    except Exception as error:  # noqa: BLE001 - a cache may be anybody's, and this answer may have been paid for
        logger.warning("the cache failed to keep an answer: %s", type(error).__name__)


def _is_being_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _about(error: ClassifyError, source: Source) -> ClassifyError:
    """The error as this document's own: equal documents share the work, and so the error, but not the name."""
    own = without_stack(error)
    own.source_name = source.name
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


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
