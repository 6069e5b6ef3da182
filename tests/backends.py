"""A backend of the tests' own: it answers by a word in the text, counts, and misbehaves where it is told to."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable

from classify_core import Answer, ClassifyConfiguration, ClassifyError, ClassifyRequest

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
