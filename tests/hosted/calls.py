"""Documents and calls as a hosted backend is given them, without a classifier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classify_core import Answer, HostedBackend, Rule, Source
from classify_core.api.clock import Clock
from classify_core.backend import ClassifyRequest
from classify_core.progress.events import Stage
from classify_core.rules import configuration_of
from classify_core.source import Content, format_of

CREATE, UPLOAD = "POST /api/v2/classify", "POST /api/v1/beta/files"
FILES, JOBS = "GET /api/v1/beta/files", "GET /api/v2/classify"
BILL = "Invoice number 7: line items, tax, the total amount due"
CAKE = "Recipe: ingredients and quantities, then the steps of preparation"
CONFIGURATION = configuration_of(
    [
        Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
        Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
    ]
)


class DictJournal:
    """What was begun, in memory."""

    def __init__(self) -> None:
        self.notes: dict[str, Mapping[str, str]] = {}

    async def recall(self, key: str) -> Mapping[str, str] | None:
        return self.notes.get(key)

    async def note(self, key: str, values: Mapping[str, str]) -> None:
        self.notes[key] = dict(values)

    async def forget(self, key: str) -> None:
        self.notes.pop(key, None)


class BrokenJournal(DictJournal):
    """One whose disk is full."""

    async def recall(self, key: str) -> Mapping[str, str] | None:
        raise OSError("no space left")

    async def note(self, key: str, values: Mapping[str, str]) -> None:
        raise OSError("no space left")


class PromptClock(Clock):
    """Retries come at once."""

    def fraction(self) -> float:
        return 0.0


class LeapingClock(PromptClock):
    """Goes on by itself, and leaps where it is told to: what has to be late need not wait for that."""

    def __init__(self) -> None:
        self._leapt = 0.0

    def leap(self, seconds: float) -> None:
        self._leapt += seconds

    def monotonic(self) -> float:
        return super().monotonic() + self._leapt


async def until(holds: Callable[[], object]) -> None:
    """Looks again and again; the deadline is against a hang, and nothing is measured by it."""
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.01)


@dataclass(eq=False)
class Call:
    """A call of the caller's, as a backend sees it."""

    expected: int | None = None
    fetched: int = 0
    begun: int = 0
    open_limit: int | None = None
    deadline: float | None = None
    journal: Any = None
    is_submission: bool = False


@dataclass(eq=False)
class Document:
    run: Any = field(default_factory=Call)
    stages: list[tuple[Stage, str | None]] = field(default_factory=list)

    def report(self, stage: Stage, *, job_id: str | None = None, seconds: float | None = None) -> None:
        self.stages.append((stage, job_id))


def request(text: str = BILL, *, name: str | None = "bill.txt", **options: Any) -> ClassifyRequest:
    content = Content(text.encode(), name, format_of(name) or "txt")
    return ClassifyRequest(Source.text(text, name=name), content, CONFIGURATION, **options)


def request_of(source: Source) -> ClassifyRequest:
    return ClassifyRequest(source, None, CONFIGURATION)


def backend_of(server: Any, **options: Any) -> HostedBackend:
    return HostedBackend(**{"base_url": server.base_url, "api_key": server.api_key, **options})


async def run(
    backend: HostedBackend, requests: Sequence[ClassifyRequest], call: Call | None = None, *, timeout: float = 20.0
) -> list[Answer]:
    """One call's documents, at most 16 in hand."""
    call = Call() if call is None else call
    call.expected = len(requests)
    hands = asyncio.Semaphore(backend.documents_in_hand)

    async def one(each: ClassifyRequest) -> Answer:
        async with hands:
            begun = await backend.begin(each, Document(call), timeout=timeout)
        return await begun.answer()

    return list(await asyncio.gather(*map(one, requests)))
