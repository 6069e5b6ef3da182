"""A service and runs against it on a virtual clock: what the real ones do in minutes is told here in milliseconds."""

from __future__ import annotations

import asyncio
import heapq
import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from classify_core.api.call import Call
from classify_core.api.calls_jobs import JOBS
from classify_core.deadline import Deadline
from classify_core.errors import NotFoundError
from classify_core.hosted.watching.lookup import JobLookup, SeenJob
from classify_core.hosted.watching.schedule import LookBudget
from classify_core.hosted.watching.watcher import Watcher
from classify_core.sliding_window import SlidingWindow
from tests.clocks import VirtualClock

ROUND_TRIP = 0.01
RULES = [{"type": "invoice", "description": "A bill with an invoice number."}]


@dataclass(eq=False)
class Run:
    """All that a watcher knows of a call."""

    expected: int | None
    deadline: float | None = None
    journal: None = None
    is_submission: bool = False
    fetched: int = sys.maxsize  # as long as nothing else is said, more are on their way
    begun: int = 0
    open_limit: int | None = None


@dataclass
class SimulatedJob:
    created: float
    begin: float
    end: float
    status: str = "COMPLETED"

    def status_at(self, now: float) -> str:
        if now >= self.end:
            return self.status
        return "RUNNING" if now >= self.begin else "PENDING"


@dataclass
class Window:
    """A limit of requests in any span, as the client paces itself by it: in the order of asking."""

    clock: VirtualClock
    limit: int
    seconds: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._window = SlidingWindow(self.limit, self.seconds)

    async def admit(self) -> None:
        async with self.lock:
            now = self.clock.monotonic()
            if (free := self._window.free_at(now)) > now:
                await asyncio.sleep(free - now)
            self._window.count(self.clock.monotonic())


class SimulatedService:
    """Jobs that take their time, at most so many at once, and the two requests that tell of them.

    `interfere` is called with each request before it is answered, and may raise or wait.
    """

    def __init__(
        self, clock: VirtualClock, *, at_once: int | None = None, tells_times: bool = True, honours_filter: bool = True
    ) -> None:
        self.clock = clock
        self.jobs: dict[str, SimulatedJob] = {}
        self.looks: list[tuple[str, ...]] = []
        self.single_looks: list[str] = []
        self.interfere: Callable[[Call[Any]], Any] = _nothing
        self.pacer: Window | None = None
        self._at_once = at_once
        self._tells_times = tells_times
        self._honours_filter = honours_filter
        self._ends: list[float] = []

    def create(self, seconds: float, **told: Any) -> str:
        now = begin = self.clock.monotonic()
        if self._at_once is not None and len(self._ends) >= self._at_once:
            begin = max(now, heapq.heappop(self._ends))
        job_id = f"cls-{len(self.jobs):08d}-1111-2222-3333-444455556666"
        self.jobs[job_id] = SimulatedJob(now, begin, begin + seconds, **told)
        heapq.heappush(self._ends, begin + seconds)
        return job_id

    async def run(self, operation: Call[Any], *, deadline: Deadline | float | None = None) -> Any:
        if self.pacer is not None:
            await self.pacer.admit()
        waiting = self.interfere(operation)
        if waiting is not None:
            await waiting
        await asyncio.sleep(ROUND_TRIP / 2)
        answer = self._answer(operation)
        await asyncio.sleep(ROUND_TRIP / 2)
        return operation.parse(httpx.Response(200, json=answer))

    def _answer(self, call: Call[Any]) -> dict[str, Any]:
        if call.path != JOBS:
            self.single_looks.append(str(call.job_id))
            return self._told(str(call.job_id))
        asked = call.params["job_ids"]
        self.looks.append(asked)
        found = [job_id for job_id in self.jobs if job_id in set(asked) or not self._honours_filter]
        return {"items": [self._told(job_id) for job_id in found], "next_page_token": None}

    def _told(self, job_id: str) -> dict[str, Any]:
        if job_id not in self.jobs:
            raise NotFoundError("no such job", status=404, job_id=job_id)
        job, now = self.jobs[job_id], self.clock.monotonic()
        status = job.status_at(now)
        changed = {"PENDING": job.created, "RUNNING": job.begin}.get(status, job.end)
        result = {"type": "invoice", "confidence": 0.9, "reasoning": "it says so"} if status == "COMPLETED" else None
        times = {"created_at": _moment(job.created), "updated_at": _moment(changed)} if self._tells_times else {}
        return {
            "id": job_id,
            "project_id": "project",
            "user_id": "user",
            "status": status,
            "document_input_type": "file_id",
            "file_input": "dfl-1",
            "configuration": {"rules": RULES},
            "result": result,
            **times,
        }


def _moment(seconds: float) -> str:
    return f"2026-01-01T00:{int(seconds // 60):02d}:{seconds % 60:09.6f}Z"


def _nothing(_: Call[Any]) -> None:
    return None


@dataclass
class Story:
    """What came of simulated runs; moments in seconds from their begin."""

    service: SimulatedService
    known: dict[str, float] = field(default_factory=dict)
    failed: dict[str, BaseException] = field(default_factory=dict)

    @property
    def last_end(self) -> float:
        return max(job.end for job in self.service.jobs.values())

    @property
    def last_known(self) -> float:
        return max(self.known.values())

    @property
    def lags(self) -> list[tuple[float, float]]:
        """By job: how long it took, and how late it was known."""
        jobs = self.service.jobs
        return [(jobs[one].end - jobs[one].created, moment - jobs[one].end) for one, moment in self.known.items()]


class Scene:
    """A watcher of a simulated service, and what befell the jobs it was given."""

    def __init__(self, clock: VirtualClock, service: SimulatedService) -> None:
        self.clock = clock
        self.story = Story(service)
        self.watcher = Watcher(clock)
        self.lookup = JobLookup(service)

    def watch(
        self, job_id: str, budget: LookBudget, *, timeout: float = 600.0, **options: Any
    ) -> asyncio.Future[SeenJob]:
        job = SeenJob(id=job_id, status="PENDING")  # type: ignore[arg-type]  # as the service writes it
        deadline = Deadline(self.clock.monotonic() + timeout)
        future = self.watcher.watch(job, lookup=self.lookup, budget=budget, deadline=deadline, **options)
        future.add_done_callback(lambda done: self._note(job_id, done))
        return future

    def _note(self, job_id: str, done: asyncio.Future[SeenJob]) -> None:
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self.story.known[job_id] = self.clock.monotonic()
        else:
            self.story.failed[job_id] = error


def budget(expected: int | None, *, open_limit: int | None = None, counted: bool = False) -> tuple[Run, LookBudget]:
    """A run and the budget of its looks; the run is to be held, for its budget does not."""
    run = Run(expected)
    return run, LookBudget(run, open_limit=open_limit, every_request_counts=counted)


def durations(seed: int, median: float, sigma: float) -> Callable[[], float]:
    drawn = random.Random(seed)
    return lambda: median * math.exp(drawn.gauss(0.0, sigma))
