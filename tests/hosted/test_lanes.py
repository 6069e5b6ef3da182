from __future__ import annotations

import asyncio
import random
from itertools import pairwise

import pytest

from classify_core import RateLimits
from classify_core.api.calls_files import delete_file, upload_file
from classify_core.api.calls_jobs import create_job, get_job, list_jobs
from classify_core.api.flow import TooLateError
from classify_core.limits import limits_of
from tests.hosted.simulation import Simulation, most_in

CREATE = create_job("dfl-1", configuration_id="cfg-1")
UPLOAD = upload_file(b"x", name="a.txt")
LOOK = get_job("job-1")


def test_who_comes_first_is_sent_first() -> None:
    simulation = Simulation(RateLimits(creates_per_second=3))

    async def program() -> None:
        await asyncio.gather(*(simulation.begin(CREATE, str(number)) for number in range(50)))

    simulation.run(program)
    assert [name for name, _ in simulation.sent] == [str(number) for number in range(50)]


def test_a_waiter_that_is_cancelled_leaves_no_place_behind() -> None:
    simulation = Simulation(RateLimits(requests_per_minute=2))

    async def program() -> None:
        tasks = [simulation.begin(UPLOAD, str(number)) for number in range(9)]
        await asyncio.sleep(10.0)
        for task in tasks[2:7]:  # the one that sleeps for its lane is the first of them
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    simulation.run(program)
    assert simulation.sent == [("0", 0.0), ("1", 0.0), ("7", pytest.approx(60.05)), ("8", pytest.approx(60.05))]


def test_a_request_that_is_cancelled_when_it_is_admitted_leaves_no_place_behind() -> None:
    simulation = Simulation(RateLimits(requests_per_minute=1))

    async def program() -> None:
        await simulation.send(LOOK)
        waiting = [simulation.begin(LOOK, "first"), simulation.begin(LOOK, "second")]
        await asyncio.sleep(1.0)
        pacer, now = simulation.pacer, 100.0
        simulation.clock.time = now
        pacer._serve(pacer._lanes_here(), now)
        waiting[0].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    simulation.run(program)
    assert [name for name, _ in simulation.sent] == ["", "second"]
    assert simulation.moments()[1] < 101.0


@pytest.mark.parametrize("seed", range(5))
def test_random_cancels_stop_nobody_else_and_break_no_limit(seed: int) -> None:
    simulation = Simulation(RateLimits(creates_per_second=4, uploads_per_5_seconds=6, requests_per_minute=70))
    chance = random.Random(seed)

    async def program() -> int:
        tasks = []
        for number in range(300):
            tasks.append(simulation.begin(chance.choice([CREATE, UPLOAD, LOOK]), str(number)))
            await asyncio.sleep(chance.random() * 0.5)
            if chance.random() < 0.4:
                chance.choice(tasks).cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return sum(end is None for end in ends)

    assert simulation.run(program) == len(simulation.sent) > 150
    assert most_in(simulation.moments(), 60.0) <= 70


def test_looks_are_sent_before_the_uploads_and_creates_that_wait() -> None:
    simulation = Simulation(limits_of("free"))

    async def program() -> None:
        tasks = [simulation.begin(call, "new") for call in [UPLOAD, CREATE] * 100]
        await asyncio.sleep(1.0)
        tasks += [simulation.begin(list_jobs(job_ids=["job-1"]), "look") for _ in range(3)]
        await asyncio.sleep(62.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    simulation.run(program)
    assert sorted(name for name, _ in simulation.sent[20:40]) == ["look"] * 3 + ["new"] * 17


def test_uploads_at_their_limit_hold_back_nobody_else() -> None:
    simulation = Simulation(RateLimits(uploads_per_5_seconds=1))

    async def program() -> None:
        uploads = [simulation.begin(UPLOAD, "upload") for _ in range(3)]
        await asyncio.sleep(0)
        for call in (CREATE, LOOK, delete_file("dfl-1")):
            await simulation.send(call, "other")
        await asyncio.gather(*uploads)

    simulation.run(program)
    assert simulation.sent[:4] == [("upload", 0.0)] + [("other", 0.0)] * 3


def test_the_first_requests_over_new_connections_may_take_long_to_arrive() -> None:
    simulation = Simulation(RateLimits(creates_per_second=1))

    async def program() -> None:
        first = await simulation.pacer.admit(CREATE)
        await asyncio.sleep(0.2)
        simulation.pacer.answered(CREATE, first.moment)
        await simulation.send(CREATE)

    simulation.run(program)
    assert simulation.moments() == [pytest.approx(1.2)]  # it arrived at 0.2 at the latest


def test_an_answer_that_was_long_in_the_making_holds_nobody_back_for_that() -> None:
    simulation = Simulation(RateLimits(creates_per_second=1))

    async def program() -> None:
        first = await simulation.pacer.admit(CREATE)
        await asyncio.sleep(0.9)
        simulation.pacer.answered(CREATE, first.moment)
        await simulation.send(CREATE)

    simulation.run(program)
    assert simulation.moments() == [pytest.approx(1.3)]


def test_waiting_is_told_when_it_begins_and_not_more_than_once_a_second() -> None:
    simulation = Simulation(RateLimits(creates_per_second=1))
    told: list[tuple[float, float]] = []

    async def program() -> None:
        for _ in range(5):
            simulation.begin(CREATE)
        await asyncio.sleep(0)
        await simulation.send(CREATE, on_wait=lambda seconds: told.append((simulation.clock.time, seconds)))

    simulation.run(program)
    assert told[0] == (0.0, pytest.approx(5 * 1.05))
    moments = [moment for moment, _ in told]
    assert all(later - earlier >= 1.0 for earlier, later in pairwise(moments))
    assert all(moment + seconds == pytest.approx(5 * 1.05, abs=0.1) for moment, seconds in told)


def test_a_short_wait_is_not_told() -> None:
    simulation = Simulation(RateLimits(creates_per_second=1))
    told: list[float] = []

    async def program() -> None:
        await simulation.send(CREATE)
        await asyncio.sleep(0.6)
        await simulation.send(CREATE, on_wait=told.append)

    simulation.run(program)
    assert told == []


def test_who_would_be_sent_after_the_end_of_the_run_knows_at_once() -> None:
    simulation = Simulation(RateLimits(creates_per_second=2))

    async def program() -> list[float]:
        late = []

        async def send() -> None:
            try:
                await simulation.send(CREATE, latest=3.0)
            except TooLateError:
                late.append(simulation.clock.time)

        await asyncio.gather(*(send() for _ in range(500)))
        return late

    assert simulation.run(program) == [0.0] * 494
    assert simulation.moments() == [pytest.approx(moment) for moment in (0, 0, 1.05, 1.05, 2.1, 2.1)]


def test_a_slowdown_lets_those_give_up_at_once_who_will_now_be_too_late() -> None:
    simulation = Simulation(RateLimits(creates_per_second=1))

    async def program() -> list[float]:
        late = []

        async def send() -> None:
            try:
                await simulation.send(CREATE, latest=6.0)
            except TooLateError:
                late.append(simulation.clock.time)

        tasks = [asyncio.ensure_future(send()) for _ in range(4)]
        await asyncio.sleep(0.5)
        simulation.pacer.refused(0.4, 60.0)
        await asyncio.gather(*tasks)
        return late

    late = simulation.run(program)
    assert late[:2] == [0.5, 0.5]
    assert late[2] <= 1.1  # it sleeps for its lane, and knows when it wakes


def test_five_hundred_waiting_tasks_are_woken_once_each() -> None:
    simulation = Simulation(RateLimits(creates_per_second=1))
    sleeps: list[float] = []
    asleep = simulation.clock.asleep

    async def counted(seconds: float) -> None:
        sleeps.append(seconds)
        await asleep(seconds)

    simulation.clock.asleep = counted  # type: ignore[method-assign]  # it only counts

    async def program() -> None:
        await asyncio.gather(*(simulation.begin(CREATE) for _ in range(500)))

    simulation.run(program)
    assert len(sleeps) < 600  # where all woke together it were 125,000
