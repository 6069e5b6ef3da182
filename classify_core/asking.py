"""How an answer is had: known already, from a backend that does it all at once, or by a job that is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from pydantic import ValidationError

from classify_core.backend import (
    BegunJob,
    ClassifyRequest,
    FirstLookBackend,
    JobBackend,
    JobReference,
)
from classify_core.classification import Answer
from classify_core.document import Document
from classify_core.errors import ClassifyError, InvalidResponseError
from classify_core.guarding import errors_of, guarded
from classify_core.hand import Hand
from classify_core.knowledge import Found, Knowledge, Question
from classify_core.pricing import Budget, Reservation, pages_of, price_of_pages
from classify_core.relay import AbandonedError, Relay
from classify_core.run_state import RunState
from classify_core.settings import Settings
from classify_core.single_flight import SingleFlight

T = TypeVar("T")


class Asking(Protocol):
    """A way to come to answers."""

    async def answer(self, document: Document) -> Found:
        """The answer for a document.

        Raises:
            ClassifyError: there is none, and why.
        """

    async def submission(self, document: Document) -> Found | JobReference:
        """The answer for a document, or the job that will have it."""


class DirectAsking:
    """Asks a backend that is given a document and answers."""

    def __init__(self, settings: Settings, knowledge: Knowledge, budget: Budget) -> None:
        self._settings = settings
        self._knowledge = knowledge
        self._budget = budget
        self._flights: SingleFlight[Found] = SingleFlight()

    async def answer(self, document: Document) -> Found:
        """Reads, looks whether it is known, and asks; all of it within the document's time."""
        async with guarded(self._settings.timeout):
            question = await self._knowledge.question(document)
            while True:
                found = await self._knowledge.found(question.key, document.run)
                found = found or await self._asked(question, document.run)
                if found is not None:
                    return found
                await asyncio.sleep(0)  # work that has just ended is still there to be joined until the loop goes on

    async def submission(self, document: Document) -> Found:
        """The answer: nothing is done elsewhere."""
        return await self.answer(document)

    async def _asked(self, question: Question, run: RunState) -> Found | None:
        """What comes of asking; None where another call did so, and what it found out is its own."""
        is_first = False

        async def first() -> Found:
            nonlocal is_first
            is_first = True
            return await self._answered(question, run)

        try:
            found = await self._flights.do(question.key, first)
        except ClassifyError as error:
            run.remember(question.key, error)
            raise
        except AbandonedError as end:
            if not is_first or end.error is None:
                return None
            raise end.error from end.error.__cause__
        if is_first:
            return found
        if found.batch is not run.batch:
            return None
        await self._knowledge.keep(question.key, found.answer, run)  # another call may have kept it for itself
        return _known_by_now(found)

    async def _answered(self, question: Question, run: RunState) -> Found:
        """The backend's answer, for all that wait for it.

        Raises:
            AbandonedError: it failed in a way that is the call's own.
        """
        try:
            answer = await self._charged(question, run.seconds_for(self._settings.timeout))
        except ClassifyError as error:
            if run.is_own(error):
                run.remember(question.key, error)
                raise AbandonedError(error) from None
            raise
        await self._knowledge.keep(question.key, answer, run)  # before an equal document can begin anew
        return Found(answer, is_cached=False, batch=run.batch)

    async def _charged(self, question: Question, timeout: float) -> Answer:
        reservation = self._budget.reserve(0.0)
        answer = await self._checked(question, timeout)
        reservation.settle(answer)
        return answer

    async def _checked(self, question: Question, timeout: float) -> Answer:
        """The backend's answer, checked."""
        backend = self._settings.backend
        with errors_of(backend):
            answer = await backend.classify(question.request, timeout=timeout)
        try:
            return Answer.model_validate(dict(answer))
        except (ValidationError, TypeError, ValueError):
            raise InvalidResponseError(
                f"the backend {backend.name!r} answered with a {type(answer).__name__} that is no valid Answer"
            ) from None


class JobAsking:
    """Begins a job with the document at hand, lets the document go, and waits for the job.

    The backend bounds a document's time itself, since waiting for a limit of the plan is none of it.
    """

    def __init__(self, backend: JobBackend, settings: Settings, knowledge: Knowledge, budget: Budget) -> None:
        self._backend = backend
        self._first = backend if isinstance(backend, FirstLookBackend) else None
        self._settings = settings
        self._knowledge = knowledge
        self._budget = budget
        self._hands = asyncio.Semaphore(backend.documents_in_hand)
        self._answers: Relay[Found] = Relay()
        self._submissions: Relay[Found | JobReference] = Relay()

    async def answer(self, document: Document) -> Found:
        """Begins the document's job, or joins who did, and waits for it."""
        return await self._through(document, self._answers, self._awaited)

    async def submission(self, document: Document) -> Found | JobReference:
        """Begins the document's job, or joins who did."""
        return await self._through(document, self._submissions, self._referred)

    async def _through(
        self, document: Document, relay: Relay[T | Found], finish: Callable[[_Work], Awaitable[T]]
    ) -> T | Found:
        while True:
            async with Hand(self._hands) as hand:
                async with guarded(self._settings.timeout):
                    question = await self._knowledge.question(document)
                found = await self._knowledge.found(question.key, document.run)
                if found is not None:
                    return found
                under_way = relay.under_way(question.key)
                if under_way is None:
                    with relay.lead(question.key, is_own=document.run.is_own) as lead:
                        return lead.succeed(await self._led(question, document, hand, finish))
                question.let_go()
                document.was_begun()
            try:
                shared = await under_way
            except AbandonedError:  # it is our turn now
                continue
            if not isinstance(shared, Found) or shared.batch is document.run.batch:
                return _known_by_now(shared)

    async def _led(
        self, question: Question, document: Document, hand: Hand, finish: Callable[[_Work], Awaitable[T]]
    ) -> T | Found:
        try:
            looked = await self._looked(question.request, document.run)
            if isinstance(looked, Answer):
                await self._knowledge.keep(question.key, looked, document.run)
                return Found(looked, is_cached=False, batch=document.run.batch)
            work = await self._begun(looked, question.key, document)
            del looked  # it holds the document
            document.was_begun()
            question.let_go()
            document.release()
            hand.let_go()
            return await finish(work)
        except ClassifyError as error:
            document.run.remember(question.key, error)
            raise

    async def _looked(self, request: ClassifyRequest, run: RunState) -> Answer | ClassifyRequest:
        """The answer that needs no job, where there is one, else what to begin the job with."""
        if self._first is None:
            return request
        timeout = run.seconds_for(self._settings.timeout)
        async with guarded(timeout):
            with errors_of(self._backend):
                return await self._first.first_look(request, timeout=timeout)

    async def _begun(self, request: ClassifyRequest, key: str, document: Document) -> _Work:
        price = await self._price(request)
        reservation = await self._budget.reserved_for(price)
        try:
            with errors_of(self._backend):
                begun = await self._backend.begin(request, document, timeout=self._settings.timeout)
        except BaseException:
            reservation.release()
            raise
        if begun.is_former:  # paid for already
            reservation.release()
        else:
            document.has_job(price)
        return _Work(begun, reservation, key, document.run)

    async def _price(self, request: ClassifyRequest) -> float | None:
        """The credits that the job will cost; None where they were not counted, as nobody asked for a limit."""
        if self._budget.limit is None:
            return None
        pages = await pages_of(request.source, request.content, self._settings.configuration.parsing_configuration)
        return price_of_pages(pages)

    async def _awaited(self, work: _Work) -> Found:
        try:
            with errors_of(self._backend):
                answer = await work.begun.answer()
        except BaseException:
            work.reservation.keep()  # a job was made, and may be billed whatever became of the wait
            raise
        work.reservation.settle(answer)
        await self._knowledge.keep(work.key, answer, work.run)
        return Found(answer, is_cached=False, batch=work.run.batch)

    async def _referred(self, work: _Work) -> JobReference:
        work.reservation.keep()
        with errors_of(self._backend):
            return await work.begun.referred()


@dataclass(frozen=True, slots=True)
class _Work:
    """A job that was begun, without the document."""

    begun: BegunJob
    reservation: Reservation
    key: str
    run: RunState


def asking_of(settings: Settings, knowledge: Knowledge, budget: Budget) -> Asking:
    """The way that suits a backend."""
    if isinstance(settings.backend, JobBackend):
        return JobAsking(settings.backend, settings, knowledge, budget)
    return DirectAsking(settings, knowledge, budget)


def _known_by_now(shared: T) -> T:
    """What somebody else found out, which cost this document nothing."""
    return replace(shared, is_cached=True) if isinstance(shared, Found) else shared
