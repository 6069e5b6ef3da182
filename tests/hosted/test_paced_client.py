from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from classify_core import RateLimits
from classify_core.api.call import Call, read_nothing
from classify_core.api.calls_files import FILES, upload_file
from classify_core.api.calls_jobs import create_job, list_jobs
from classify_core.api.clock import Clock
from classify_core.deadline import Deadline
from classify_core.errors import ClassifyTimeoutError
from classify_core.hosted.pacing import PacedClient
from classify_core.limits import limits_of
from classify_core.models import Rule
from classify_core.testing.server import ClassifyServer
from tests.clocks import VirtualClock

RULES = [Rule(type="invoice", description="has an invoice number")]
CREATE_OF_NOTHING = Call("POST", "/api/v2/classify", "/api/v2/classify", read_nothing)
UPLOAD_OF_NOTHING = Call("POST", FILES, FILES, read_nothing)  # a body is read in a thread, which has no virtual time


class Service(httpx.AsyncBaseTransport):
    """A service that keeps its published windows exactly and answers after a random time."""

    def __init__(self, clock: VirtualClock, *, create: int = 40, upload: int = 50, every: int | None = None) -> None:
        self.clock = clock
        self.rates = {"POST /api/v2/classify": (create, 1.0), f"POST {FILES}": (upload, 5.0)}
        self.every = every
        self.accepted: list[tuple[str, float]] = []
        self.refused: list[float] = []

    def accepts(self, name: str) -> bool:
        now = self.clock.time
        rates = [(self.rates[name], name)] if name in self.rates else []
        rates += [((self.every, 60.0), "")] if self.every is not None else []
        return all(
            sum(moment > now - seconds and (not kind or kind == told) for told, moment in self.accepted) < limit
            for (limit, seconds), kind in rates
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        name = f"{request.method} {request.url.path}"
        await self.clock.asleep(0.005 + 0.045 * self.clock.fraction())
        accepted = self.accepts(name)
        if accepted:
            self.accepted.append((name, self.clock.time))
        else:
            self.refused.append(self.clock.time)
        await self.clock.asleep(0.2 * self.clock.fraction())
        if accepted:
            return httpx.Response(200, json={})
        return httpx.Response(429, json={"detail": "Rate limit exceeded. Try again later."})


def _client(service: Service, limits: RateLimits, **options: Any) -> PacedClient:
    return PacedClient(
        limits=limits,
        clock=service.clock,
        api_key="llx-simulated",
        base_url="http://127.0.0.1:1",
        http_client=httpx.AsyncClient(transport=service),
        **options,
    )


def _run_documents(service: Service, limits: RateLimits, count: int) -> float:
    """Uploads and creates for so many documents from 50 tasks; returns the seconds it took."""

    async def program() -> float:
        client = _client(service, limits)
        numbers = iter(range(count))

        async def work() -> None:
            for _ in numbers:
                await client.run(UPLOAD_OF_NOTHING)
                await client.run(CREATE_OF_NOTHING)

        await asyncio.gather(*(work() for _ in range(50)))
        return service.clock.time

    return service.clock.run(program())


def test_two_hundred_documents_from_fifty_tasks_meet_no_refusal_and_lose_little_time() -> None:
    service = Service(VirtualClock())
    seconds = _run_documents(service, RateLimits(), 200)
    assert service.refused == []
    assert len(service.accepted) == 400
    assert seconds < 1.1 * 15.5  # three spans of 5 seconds, and the last answers


def test_the_free_tier_meets_no_refusal() -> None:
    service = Service(VirtualClock(), every=20)
    seconds = _run_documents(service, limits_of("free"), 20)
    assert service.refused == []
    assert seconds < 62.0


def test_a_service_with_half_the_published_limits_refuses_few_and_loses_nothing() -> None:
    service = Service(VirtualClock(), create=20, upload=25)
    seconds = _run_documents(service, RateLimits(), 400)
    assert len(service.accepted) == 800
    assert len(service.refused) < 0.1 * len(service.accepted)
    assert seconds < 2.0 * 75  # 16 spans of 5 seconds are possible


def test_what_was_waited_is_put_off_and_the_time_outs_are_those_after_the_wait() -> None:
    clock = VirtualClock()
    service = Service(clock)
    seen: list[float] = []

    async def program() -> float:
        client = _client(service, RateLimits(creates_per_second=1))
        send = client._send

        async def noted(step: Any, key: Any) -> httpx.Response:
            seen.append(step.seconds)
            return await send(step, key)

        client._send = noted  # type: ignore[method-assign]  # it only notes
        await client.run(CREATE_OF_NOTHING)
        begin, deadline = clock.time, Deadline(clock.time + 0.5)
        await client.run(CREATE_OF_NOTHING, deadline=deadline)
        return deadline.moment - (begin + 0.5)

    assert 0.5 < clock.run(program()) < 1.3
    assert seen == [None, pytest.approx(0.5)]


def test_a_float_deadline_is_put_off_too() -> None:
    clock = VirtualClock()

    async def program() -> None:
        client = _client(Service(clock), RateLimits(creates_per_second=1))
        await client.run(CREATE_OF_NOTHING)
        await client.run(CREATE_OF_NOTHING, deadline=client.deadline_in(0.5))

    clock.run(program())
    assert clock.time > 1.0


def test_what_the_limits_admit_only_after_the_run_is_a_timeout_at_once() -> None:
    clock = VirtualClock()
    service = Service(clock)

    async def program() -> tuple[float, float]:
        client = _client(service, RateLimits(requests_per_minute=1))
        await client.run(CREATE_OF_NOTHING)
        begin = clock.time
        with pytest.raises(ClassifyTimeoutError, match="POST /api/v2/classify had no good answer within the 5 s"):
            await client.run(CREATE_OF_NOTHING, deadline=Deadline(begin + 5.0, latest=begin + 20.0))
        return begin, clock.time

    begin, end = clock.run(program())
    assert begin == end
    assert len(service.accepted) == 1


def test_the_time_outs_of_a_request_end_with_the_run() -> None:
    clock = VirtualClock()
    seen: list[float] = []

    async def program() -> None:
        client = _client(Service(clock), RateLimits(creates_per_second=1))

        async def noted(step: Any, key: Any) -> httpx.Response:
            seen.append(step.seconds)
            return httpx.Response(200)

        client._send = noted  # type: ignore[method-assign]  # it only notes
        await client.run(CREATE_OF_NOTHING)
        await client.run(CREATE_OF_NOTHING, deadline=Deadline(5.0, latest=5.5))

    clock.run(program())
    assert seen == [None, pytest.approx(5.5 - 1.05)]


def test_a_client_tells_that_it_waits() -> None:
    clock = VirtualClock()
    told: list[float] = []

    async def program() -> None:
        client = _client(Service(clock), RateLimits(requests_per_minute=1))
        await client.run(CREATE_OF_NOTHING, on_wait=told.append)
        await client.run(CREATE_OF_NOTHING, on_wait=told.append)

    clock.run(program())
    assert told == [pytest.approx(60.0, abs=0.4)]


async def test_a_real_server_with_small_limits_refuses_nothing(classify_server: ClassifyServer) -> None:
    limits = RateLimits(creates_per_second=8)
    classify_server.limits = limits
    client = PacedClient(
        limits=limits,
        clock=Clock(),
        api_key=classify_server.api_key,
        base_url=classify_server.base_url,
    )

    async def classify(number: int) -> None:
        file = await client.run(upload_file(f"Invoice number {number}".encode(), name=f"{number}.txt"))
        job = await client.run(create_job(file.id, rules=RULES))
        await client.run(list_jobs(job_ids=[job.id]))

    async with client:
        await asyncio.gather(*(classify(number) for number in range(18)))
    assert {request.status for request in classify_server.requests} <= {200, 201}
    assert classify_server.requests.count("POST /api/v2/classify") == 18
