from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise

import httpx
import pytest

from classify_core import RateLimitError, RateLimits
from classify_core.api.call import Call, read_nothing
from classify_core.api.calls_jobs import JOBS
from classify_core.api.clock import Clock
from classify_core.api.retry import LONGEST_RETRY_AFTER
from classify_core.hosted.pacing import PacedClient
from classify_core.hosted.throttle import FIRST_PAUSE, FIRST_SPACE, LONGEST_PAUSE, LONGEST_SPACE, Throttle
from classify_core.testing.server import ClassifyServer
from tests.clocks import VirtualClock

CREATE = Call("POST", JOBS, JOBS, read_nothing)
RATE = "Rate limit exceeded. Try again later."
UNLIMITED = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)


def _sent(throttle: Throttle, begin: float, end: float) -> list[float]:
    """When requests are sent that always wait for the next moment."""
    moments = []
    now = throttle.free_at(begin)
    while now < end and len(moments) < 10_000:
        throttle.count(now)
        moments.append(now)
        now = max(throttle.free_at(now), now + 0.001)
    return moments


def test_without_a_refusal_there_is_no_delay() -> None:
    throttle = Throttle()
    for _ in range(100):
        throttle.count(5.0)
        assert throttle.free_at(5.0) == 5.0


def test_nothing_is_sent_until_the_pause_is_over() -> None:
    throttle = Throttle()
    throttle.refuse(9.9, 10.0)
    assert throttle.free_at(10.0) == throttle.free_at(10.5) == 10.0 + FIRST_PAUSE


def test_what_the_service_asks_for_is_obeyed() -> None:
    throttle = Throttle()
    throttle.refuse(9.9, 10.0, retry_after=7.0)
    assert throttle.free_at(10.0) == 17.0
    throttle.refuse(9.9, 12.0, retry_after=8.0)  # of another request that was under way
    assert throttle.free_at(12.0) == 20.0
    throttle.refuse(9.9, 13.0, retry_after=1.0)
    assert throttle.free_at(13.0) == 20.0


def test_nobody_waits_for_hours_in_silence() -> None:
    throttle = Throttle()
    throttle.refuse(9.9, 10.0, retry_after=86_400.0)
    assert throttle.free_at(10.0) == 10.0 + LONGEST_RETRY_AFTER


def test_fifty_refusals_at_once_are_one_slowdown() -> None:
    one, fifty = Throttle(), Throttle()
    one.refuse(9.9, 10.0)
    for number in range(50):
        fifty.refuse(9.9, 10.0 + number / 100)
    assert _sent(fifty, 10.5, 100.0) == _sent(one, 10.5, 100.0)


def test_a_late_refusal_of_a_request_sent_before_the_pause_is_none_of_its_own() -> None:
    throttle = Throttle()
    throttle.refuse(9.9, 10.0)
    throttle.refuse(9.9, 15.0)
    assert throttle.free_at(15.0) == 15.0


def test_after_the_pause_requests_are_spaced_out_and_speed_up_until_no_delay_is_left() -> None:
    throttle = Throttle()
    throttle.refuse(0.0, 0.0)
    moments = _sent(throttle, 0.0, 12.0)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps[0] == pytest.approx(FIRST_SPACE)
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(gaps))
    assert gaps[-1] == pytest.approx(0.001)  # nothing but the test's own


def test_pauses_grow_as_long_as_nobody_is_served_and_not_for_ever() -> None:
    throttle, now, pauses = Throttle(), 0.0, []
    for _ in range(5_000):
        throttle.refuse(now, now)
        pauses.append(throttle.free_at(now) - now)
        now = throttle.free_at(now)
    assert pauses[:5] == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert max(pauses) == LONGEST_PAUSE
    moments = _sent(throttle, now, now + 10.0)
    assert moments[1] - moments[0] == pytest.approx(LONGEST_SPACE)


def test_a_refusal_after_others_were_served_is_a_short_pause_and_a_longer_space() -> None:
    throttle = Throttle()
    throttle.refuse(0.0, 0.0)
    throttle.accept(1.0)
    throttle.refuse(1.5, 1.5)
    assert throttle.free_at(1.5) == 1.5 + FIRST_PAUSE
    moments = _sent(throttle, 1.5, 4.0)
    assert moments[1] - moments[0] == pytest.approx(2 * FIRST_SPACE)


def test_a_throttle_that_rested_for_days_has_no_delay_left() -> None:
    throttle = Throttle()
    throttle.refuse(0.0, 0.0)
    throttle.count(1e7)
    assert throttle.free_at(1e7) == 1e7


class Storm(httpx.AsyncBaseTransport):
    """A service that refuses everything for some time."""

    def __init__(self, clock: VirtualClock, is_refused: Callable[[float], bool], detail: str = RATE) -> None:
        self.clock = clock
        self.is_refused = is_refused
        self.detail = detail
        self.headers: dict[str, str] = {}
        self.accepted: list[float] = []
        self.refused: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.clock.asleep(0.05 * self.clock.fraction())
        now = self.clock.time
        is_refused = self.is_refused(now)
        (self.refused if is_refused else self.accepted).append(now)
        await self.clock.asleep(0.05)
        if is_refused:
            return httpx.Response(429, json={"detail": self.detail}, headers=self.headers)
        return httpx.Response(200, json={})

    def client(self, limits: RateLimits = UNLIMITED) -> PacedClient:
        return PacedClient(
            limits=limits,
            clock=self.clock,
            api_key="llx-storm",
            base_url="http://127.0.0.1:1",
            http_client=httpx.AsyncClient(transport=self),
        )

    def serve(self, count: int, limits: RateLimits = UNLIMITED) -> None:
        """Serves so many requests of 50 tasks."""

        async def program() -> None:
            client, numbers = self.client(limits), iter(range(count))

            async def work() -> None:
                for _ in numbers:
                    await client.run(CREATE)

            await asyncio.gather(*(work() for _ in range(50)))

        self.clock.run(program())


def test_in_a_storm_of_refusals_everybody_slows_down_and_then_the_full_rate_comes_back() -> None:
    storm = Storm(VirtualClock(), lambda now: 2.0 <= now < 62.0)
    storm.serve(2_000, RateLimits())
    assert len(storm.accepted) == 2_000
    assert len(storm.refused) <= 50 + 20  # those under way, and a few that tried
    end = storm.accepted[-1]
    assert sum(end - 5.0 <= moment for moment in storm.accepted) > 0.9 * 5 * 40
    assert end < 62.0 + 40.0 + 2_000 / 38


def test_a_short_storm_costs_a_few_seconds() -> None:
    storm = Storm(VirtualClock(), lambda now: 2.0 <= now < 2.5)
    storm.serve(800, RateLimits())
    assert len(storm.refused) <= 50
    assert storm.accepted[-1] < 800 / 38 + 6.0


def test_the_requests_own_pause_and_the_common_one_pass_at_the_same_time() -> None:
    storm = Storm(VirtualClock(), lambda now: now < 0.2)
    storm.headers = {"Retry-After": "5"}
    storm.serve(1)
    assert len(storm.refused) == 1
    assert 5.0 < storm.accepted[0] < 5.5


def test_everybody_obeys_a_retry_after_that_one_was_told() -> None:
    storm = Storm(VirtualClock(), lambda now: now < 0.2)
    storm.headers = {"Retry-After": "5"}

    async def program() -> None:
        client = storm.client()
        first = asyncio.ensure_future(client.run(CREATE))
        await asyncio.sleep(1.0)
        await client.run(CREATE)
        await first

    storm.clock.run(program())
    assert min(storm.accepted) > 5.0


def test_the_limit_of_a_plan_slows_nobody_down() -> None:
    storm = Storm(VirtualClock(), lambda now: now < 0.2, detail="Your plan's quota is used up; upgrade")

    async def program() -> None:
        client = storm.client()
        with pytest.raises(RateLimitError) as refused:
            await client.run(CREATE)
        assert refused.value.plan_limit
        storm.is_refused = lambda _: False
        begin = storm.clock.time
        await asyncio.gather(*(client.run(CREATE) for _ in range(50)))
        assert storm.clock.time - begin < 0.2

    storm.clock.run(program())


class _Hurry(Clock):
    """Its pauses take a twentieth of their time, and so does everything else."""

    def monotonic(self) -> float:
        return super().monotonic() * 20

    async def asleep(self, seconds: float) -> None:
        await super().asleep(seconds / 20)


async def test_a_real_server_that_refuses_all_the_same_loses_nothing(classify_server: ClassifyServer) -> None:
    classify_server.faults.request("GET /api/v2/classify", "error", status=429, times=3)
    listing = Call("GET", JOBS, JOBS, read_nothing)
    async with PacedClient(
        limits=UNLIMITED, clock=_Hurry(), api_key=classify_server.api_key, base_url=classify_server.base_url
    ) as client:
        await asyncio.gather(*(client.run(listing) for _ in range(10)))
    statuses = [request.status for request in classify_server.requests]
    assert (statuses.count(429), statuses.count(200)) == (3, 10)
