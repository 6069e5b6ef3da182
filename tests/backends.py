"""A backend of the tests' own: it answers by a word in the text, counts, and misbehaves where it is told to."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from classify_core import Answer, ClassifyConfiguration, ClassifyError, ClassifyRequest, JobStatus
from classify_core.backend import DocumentContext, JobReference
from classify_core.progress import Stage

Behaviour = Callable[[str], Answer | ClassifyError | None]


async def until(condition: Callable[[], object]) -> None:
    """Waits for something that another thread does; a test that waits in vain fails."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.002)


class ScriptedBackend:
    """Answers with the first rule whose type stands in the text.

    `behaviour(text)` may return an answer of its own or an error to raise; `gate`, once set, holds every document
    back until the event is set. It keeps what it was asked in `.asked`, and `.most_at_once`.
    """

    name = "scripted"
    default_concurrency = 4

    def __init__(self, behaviour: Behaviour | None = None, *, gate: asyncio.Event | None = None) -> None:
        self.behaviour = behaviour
        self.gate = gate
        self.asked: Counter[str] = Counter()
        self.cancelled = 0
        self.closed = False
        self.most_at_once = 0
        self._at_once = 0

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        text = "" if request.content is None else request.content.data.decode()
        self.asked[text] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await asyncio.sleep(0.002)
            if self.gate is not None:
                await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._at_once -= 1
        return self._answer(text, request.configuration)

    def _answer(self, text: str, configuration: ClassifyConfiguration) -> Answer:
        scripted = None if self.behaviour is None else self.behaviour(text)
        if isinstance(scripted, ClassifyError):
            raise scripted
        if scripted is not None:
            return scripted
        found = next((rule.type for rule in configuration.rules if rule.type in text), None)
        return Answer(type=found, confidence=0.9 if found else 0.2, reasoning=f"the text says {found}")

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        raise NotImplementedError(configuration_id)

    async def aclose(self) -> None:
        self.closed = True


class HeldBackend(ScriptedBackend):
    """Holds every document back until `release` is set, from whatever thread."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.release = threading.Event()

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        self.begun.set()
        while not self.release.is_set():
            try:
                await asyncio.sleep(0.002)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return await super().classify(request, timeout=timeout)


class ScriptedJob:
    """A job that a `JobScriptedBackend` began."""

    def __init__(self, backend: JobScriptedBackend, text: str, answer: Answer, *, is_former: bool) -> None:
        self._backend = backend
        self._text = text
        self._answer = answer
        self.is_former = is_former

    async def referred(self) -> JobReference:
        return JobReference(str(self._answer.job_id))

    async def answer(self) -> Answer:
        self._backend.waiting += 1
        self._backend.most_waiting = max(self._backend.most_waiting, self._backend.waiting)
        try:
            await asyncio.sleep(self._backend.seconds)
            if self._backend.gate is not None:
                await self._backend.gate.wait()
        finally:
            self._backend.waiting -= 1
        return self._answer


class JobScriptedBackend(ScriptedBackend):
    """The same as jobs: begun with the document, waited for without it; equal documents find their job again."""

    name = "scripted-jobs"
    default_concurrency = 100
    documents_in_hand = 3

    def __init__(self, behaviour: Behaviour | None = None, *, seconds: float = 0.01, gate: Any = None) -> None:
        super().__init__(behaviour)
        self.gate = None
        self.seconds = seconds
        self.jobs: dict[str, str] = {}
        self.answers: dict[str, Answer | ClassifyError | JobStatus] = {}
        self.in_hand = self.most_in_hand = self.waiting = self.most_waiting = 0
        self.contexts: list[DocumentContext] = []
        self._later = gate

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> ScriptedJob:
        del timeout
        text = "" if request.content is None else request.content.data.decode()
        self.contexts.append(context)
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            self.asked[text] += 1
            await asyncio.sleep(0.001)
            answer = self._answer(text, request.configuration)
        finally:
            self.in_hand -= 1
        is_former = text in self.jobs
        job_id = self.jobs.setdefault(text, f"job-{len(self.jobs) + 1}")
        context.report(Stage.CREATED, job_id=job_id)
        answer = answer.model_copy(update={"job_id": job_id, "is_from_former_job": is_former})
        self.answers.setdefault(job_id, answer)
        self.gate = self._later
        return ScriptedJob(self, text, answer, is_former=is_former)

    async def states(
        self, references: Sequence[JobReference], *, timeout: float
    ) -> list[Answer | ClassifyError | JobStatus]:
        del timeout
        return [self.answers[reference.job_id] for reference in references]
