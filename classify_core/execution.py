"""How one document goes from a source to an outcome: read, known already?, backend, checks, classification.

All of it runs on the background event loop.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from pydantic import ValidationError

from classify_core.backend import Backend, ClassifyRequest, error_of_backend
from classify_core.cache import Cache, MemoryCache
from classify_core.classification import Answer, Classification, Status
from classify_core.errors import (
    AuthenticationError,
    ClassifyError,
    ClassifyTimeoutError,
    CreditLimitError,
    InvalidResponseError,
    JobCancelledError,
    OutOfCreditsError,
    RateLimitError,
    RunStoppedError,
    UnknownTypeError,
)
from classify_core.models import ClassifyConfiguration
from classify_core.rules import rules_id_of
from classify_core.single_flight import SingleFlight
from classify_core.source import Content, Source, read

# A backend ends its own waits and can then name the job; the guard is for one that does not.
GUARD_SECONDS: Final = 0.5


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
class Budget:
    """Counts credits against a limit; both in credits.

    A job whose usage the service does not tell counts as one credit, the price of one page.
    """

    limit: float | None
    spent: float = 0.0

    def charge(self, answer: Answer) -> None:
        """Adds what an answer cost."""
        if answer.job_id is not None:
            usage = answer.usage
            known = usage is not None and usage.credits is not None
            self.spent += (usage.credits or 0.0) if usage is not None and known else 1.0

    def check(self) -> None:
        """Refuses to begin another document once the limit is reached.

        Raises:
            CreditLimitError: it is.
        """
        if self.limit is not None and self.spent >= self.limit:
            raise CreditLimitError(
                f"max_credits={self.limit:g} is reached ({self.spent:g} credits spent); "
                "what is done is kept, raise max_credits to go on"
            )


@dataclass
class RunState:
    """What the documents of one call share.

    Attributes:
        cause: the first error that would meet every other document too; it ends the run.
        answers: what the run knows already; used where the classifier keeps no cache.
    """

    cause: ClassifyError | None = None
    answers: Cache = field(default_factory=MemoryCache)

    def consider(self, error: ClassifyError) -> None:
        """Takes note of an error and stops the run if it is of that kind."""
        if self.cause is None and ends_the_run(error):
            self.cause = error

    def check(self) -> None:
        """Lets nothing begin once the run was stopped.

        Raises:
            RunStoppedError: it was.
        """
        if self.cause is not None:
            raise RunStoppedError(f"not begun, because the run was stopped by: {self.cause.message}") from self.cause


def ends_the_run(error: ClassifyError) -> bool:
    """Whether an error would meet every other document too: 401, 402 and a plan-limit 429."""
    if isinstance(error, RateLimitError):
        return error.plan_limit
    return isinstance(error, (AuthenticationError, OutOfCreditsError))


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
        except ClassifyError as error:
            own = _about(error, source)
            run.consider(own)
            return self._failed(source, content, own)
        return self._classified(source, content, answer)

    async def _answer(self, source: Source, content: Content | None, run: RunState) -> Answer:
        settings = self.settings
        request = ClassifyRequest(source, content, settings.configuration, settings.configuration_id)
        key = _digest(settings.cache_scope, request.content_key)
        cache = run.answers if self.cache is None else self.cache
        cached = await cache.get(key)
        return cached if cached is not None else await self.flights.do(key, lambda: self._ask(request, key, cache))

    async def _ask(self, request: ClassifyRequest, key: str, cache: Cache) -> Answer:
        self.budget.check()
        answer = await self._backend_answer(request)
        self.budget.charge(answer)
        if answer.type is None or answer.type in self.settings.types:
            await cache.put(key, answer)
        return answer

    async def _backend_answer(self, request: ClassifyRequest) -> Answer:
        """The backend's answer, checked; whatever a backend raises becomes an error of ours."""
        backend = self.settings.backend
        try:
            answer = await backend.classify(request, timeout=self.settings.timeout)
        except ClassifyError:
            raise
        except Exception as error:  # noqa: BLE001 - a backend may be anybody's
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
            status=_status_of(error),
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


def _about(error: ClassifyError, source: Source) -> ClassifyError:
    """The error as this document's own: equal documents share the work, and so the error, but not the name."""
    if error.source_name is not None and error.source_name != source.name:
        cause = error
        error = copy.copy(error)
        error.source_name = source.name
        error.__cause__ = cause
    return error.about(source_name=source.name)


def _status_of(error: ClassifyError) -> Status:
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
