"""Calls and documents as the backend sees them, and what the tests of v1 jobs share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from classify_core.api.clock import Clock
from classify_core.backend import ClassifyRequest
from classify_core.classification import Answer
from classify_core.errors import ClassifyError
from classify_core.hosted.account import account_of
from classify_core.hosted.options import HostedJobOptions
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.per_loop import PerLoop
from classify_core.hosted.uploads import Uploads
from classify_core.hosted.v1.jobs import JobsV1
from classify_core.limits import RateLimits
from classify_core.models import ClassifyConfiguration, Rule
from classify_core.progress.events import Stage
from classify_core.source import Source, read
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import CONFIGURATION, Call

CREATE = "POST /api/v1/classifier/jobs"
LIST = "GET /api/v1/classifier/jobs"
GET = "GET /api/v1/classifier/jobs/{id}"
RESULTS = "GET /api/v1/classifier/jobs/{id}/results"
DELETE = "DELETE /api/v1/beta/files/{id}"

RULES = CONFIGURATION.rules
SCAN = Source.bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", name="scan.jpg")


@dataclass(eq=False)
class CallDocument:
    """One document of a call; `stages` is what was reported of it."""

    run: Call
    stages: list[Stage] = field(default_factory=list)

    def report(self, stage: Stage, *, job_id: str | None = None, seconds: float | None = None) -> None:
        self.stages.append(stage)


@asynccontextmanager
async def jobs_of(
    server: ClassifyServer, *, clock: Clock | None = None, limits: RateLimits | None = None, **options: Any
) -> Any:
    """The v1 jobs of a backend at a server."""
    time, rates = clock or Clock(), limits or RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
    client = PacedClient(limits=rates, clock=time, api_key=server.api_key, base_url=server.base_url)
    account, chosen = PerLoop(lambda: account_of(client, time)), HostedJobOptions(**options)
    jobs = JobsV1(client, Uploads(client, account, chosen, time), account, rates, chosen, time)
    try:
        yield jobs
    finally:
        await jobs.aclose()
        await client.aclose()


async def request_of(value: Any, *, rules: Sequence[Rule] = RULES, **configuration: Any) -> ClassifyRequest:
    """A document with its content read."""
    source = Source.of(value)
    return ClassifyRequest(source, await read(source), ClassifyConfiguration(rules=tuple(rules), **configuration))


async def begin(jobs: JobsV1, value: Any, run: Call, *, timeout: float = 20.0, **configuration: Any) -> Any:
    """Begins one document of a call."""
    return await jobs.begin(await request_of(value, **configuration), CallDocument(run), timeout=timeout)


async def outcome_of(begun: Any) -> Answer | ClassifyError:
    """The answer, or the error instead."""
    try:
        return await begun.answer()
    except ClassifyError as error:
        return error


async def classify_all(
    jobs: JobsV1, values: Sequence[Any], run: Call | None = None, **options: Any
) -> list[Answer | ClassifyError]:
    """The outcomes of a call's documents, begun together."""
    call = Call(expected=len(values)) if run is None else run
    begun = await asyncio.gather(*(begin(jobs, value, call, **options) for value in values))
    return list(await asyncio.gather(*map(outcome_of, begun)))
