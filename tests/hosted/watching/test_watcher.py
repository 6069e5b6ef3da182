"""What those who wait for a job are told, and when: nobody waits for ever, nobody is given up unseen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from classify_core.api.call import Call
from classify_core.deadline import Deadline
from classify_core.errors import (
    ClassifyError,
    ClassifyTimeoutError,
    ConnectionFailedError,
    InvalidOptionError,
    NotFoundError,
    OutOfCreditsError,
)
from classify_core.hosted.watching.lookup import JobLookup, SeenJob
from classify_core.hosted.watching.schedule import LookBudget
from tests.clocks import VirtualClock
from tests.hosted.watching.simulation import ROUND_TRIP, Scene, SimulatedService, budget

Play = Callable[[Scene], Coroutine[Any, Any, None]]


def _looks(documents: int) -> LookBudget:
    """The budget of a run that is over for all that is known, which does not matter to most plays."""
    return budget(documents)[1]


def _play(play: Play, **options: Any) -> Scene:
    """Runs a play with a watcher, after which no task of it may be left on the loop, and no error that nobody heard."""
    clock = VirtualClock()
    scene = Scene(clock, SimulatedService(clock, **options))

    async def main() -> None:
        unheard: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
        await play(scene)
        await asyncio.sleep(1.0)
        assert len(asyncio.all_tasks()) == 1
        assert unheard == []

    clock.run(main())
    return scene


def test_a_job_that_has_ended_already_costs_no_look() -> None:
    async def play(scene: Scene) -> None:
        ended = SeenJob(id="a", status="FAILED")  # type: ignore[arg-type]  # as the service writes it
        watch = scene.watcher.watch(ended, lookup=scene.lookup, budget=_looks(1), deadline=Deadline(0.0))
        assert watch.result() is ended

    assert _play(play).story.service.looks == []


def test_several_may_wait_for_the_same_job_and_one_may_leave() -> None:
    told: list[str] = []

    async def play(scene: Scene) -> None:
        job_id = scene.story.service.create(2.0)
        first, second, third = (
            scene.watch(job_id, _looks(1), on_running=lambda name=name: told.append(name)) for name in "abc"
        )
        await asyncio.sleep(0.1)
        second.cancel()
        assert (await first).id == (await third).id == job_id

    scene = _play(play)
    assert sorted(told) == ["a", "b", "c"]
    assert max(map(len, scene.story.service.looks)) == 1


def test_a_watch_that_everybody_left_costs_nothing_more() -> None:
    async def play(scene: Scene) -> None:
        watches = [scene.watch(scene.story.service.create(60.0), _looks(1)) for _ in range(3)]
        await asyncio.sleep(1.0)
        for watch in watches:
            watch.cancel()
        await asyncio.sleep(0.0)
        looks = len(scene.story.service.looks)
        await asyncio.sleep(60.0)
        assert len(scene.story.service.looks) == looks

    _play(play)


def test_those_who_leave_as_a_look_at_their_jobs_begins_harm_nobody() -> None:
    async def play(scene: Scene) -> None:
        *leave, stays = (scene.watch(scene.story.service.create(1.0), _looks(1)) for _ in range(101))
        begin = scene.watcher._begin

        def leave_first(look: Any, now: float) -> bool:
            for watch in leave:
                watch.cancel()
            return begin(look, now)

        scene.watcher._begin = leave_first  # type: ignore[method-assign]  # the moment that is meant
        assert (await stays).status == "COMPLETED"

    _play(play)


def test_the_watcher_is_one_task_whatever_it_watches() -> None:
    async def play(scene: Scene) -> None:
        large = _looks(1000)
        watches = [scene.watch(scene.story.service.create(5.0), large) for _ in range(500)]
        for _ in range(100):
            await asyncio.sleep(0.1)
            assert len(asyncio.all_tasks()) <= 1 + 1 + 1 + 4  # this one, the watcher, its timer, its looks
        await asyncio.gather(*watches)

    _play(play)


@pytest.mark.parametrize("documents", [1, 1000])
def test_a_job_that_is_too_late_was_looked_at_after_its_deadline(documents: int) -> None:
    async def play(scene: Scene) -> None:
        job_id = scene.story.service.create(60.0)
        watch = scene.watch(job_id, _looks(documents), timeout=5.0)
        with pytest.raises(ClassifyTimeoutError, match=r"not ended after 5 s; it may still end") as late:
            await watch
        assert (late.value.job_id, late.value.timeout) == (job_id, 5.0)
        assert 5.0 <= scene.clock.time <= 5.0 + 2 * ROUND_TRIP

    _play(play)


@pytest.mark.parametrize("documents", [1, 1000])
@pytest.mark.parametrize("timeout", [0.0, 0.5, 5.0])
def test_a_job_that_ended_just_in_time_is_never_reported_as_too_late(documents: int, timeout: float) -> None:
    async def play(scene: Scene) -> None:
        watch = scene.watch(scene.story.service.create(max(0.0, timeout - 0.001)), _looks(documents), timeout=timeout)
        assert (await watch).status == "COMPLETED"

    _play(play)


def test_many_that_are_too_late_one_after_the_other_share_their_last_looks() -> None:
    async def play(scene: Scene) -> None:
        watches, large = [], _looks(1000)
        for _ in range(200):
            watches.append(scene.watch(scene.story.service.create(600.0), large, timeout=100.0))
            await asyncio.sleep(1 / 40)
        await asyncio.wait(watches)

    scene = _play(play)
    assert len(scene.story.failed) == 200
    assert len(scene.story.service.looks) <= 40


def test_a_deadline_may_be_put_off_meanwhile() -> None:
    async def play(scene: Scene) -> None:
        deadline = Deadline(1.0)
        job = SeenJob(id=scene.story.service.create(3.0), status="PENDING")  # type: ignore[arg-type]  # as above
        watch = scene.watcher.watch(job, lookup=scene.lookup, budget=_looks(1), deadline=deadline)
        await asyncio.sleep(0.9)
        deadline.put_off(5.0)
        assert (await watch).status == "COMPLETED"

    _play(play)


class _Patient(SimulatedService):
    """Each of its looks waits for a limit first, as a paced client does."""

    async def run(self, operation: Call[Any], *, deadline: Deadline | float | None = None) -> Any:
        await asyncio.sleep(30.0)
        assert isinstance(deadline, Deadline)
        deadline.put_off(30.0)
        return await super().run(operation, deadline=deadline)


def test_what_a_look_waits_for_a_limit_does_not_count() -> None:
    clock = VirtualClock()
    scene = Scene(clock, _Patient(clock))

    async def main() -> None:
        one = scene.watch(scene.story.service.create(35.0), _looks(1), timeout=10.0)
        assert (await one).status == "COMPLETED"  # known after 60 s

    clock.run(main())


class _Silent(SimulatedService):
    """Answers nothing until the deadline of the request, as long as `is_silent`."""

    is_silent = True

    async def run(self, operation: Call[Any], *, deadline: Deadline | float | None = None) -> Any:
        assert isinstance(deadline, Deadline)
        if not self.is_silent:
            return await super().run(operation, deadline=deadline)
        await asyncio.sleep(deadline.seconds_left(self.clock.time))
        raise ClassifyTimeoutError("no answer")


def test_a_service_that_does_not_answer_holds_nobody_much_beyond_his_deadline() -> None:
    clock = VirtualClock()
    service = _Silent(clock)
    scene = Scene(clock, service)

    async def main() -> None:
        soon = scene.watch(service.create(1.0), _looks(1), timeout=5.0)
        later = scene.watch(service.create(1.0), _looks(1), timeout=60.0)
        with pytest.raises(ClassifyTimeoutError, match="the job had not ended after 5 s"):
            await soon
        assert 5.0 <= clock.time <= 7.1
        service.is_silent = False
        assert (await later).status == "COMPLETED"

    clock.run(main())


@pytest.mark.parametrize("error", [ConnectionFailedError("cut"), OutOfCreditsError("none", status=402)])
def test_a_look_that_failed_for_good_is_an_error_of_its_own_for_everybody(error: ClassifyError) -> None:
    def fail(_: Call[Any]) -> None:
        raise error

    async def play(scene: Scene) -> None:
        scene.story.service.interfere = fail
        watches = {
            job_id: scene.watch(job_id, _looks(1)) for job_id in (scene.story.service.create(1.0) for _ in range(3))
        }
        errors = await asyncio.gather(*watches.values(), return_exceptions=True)
        assert [type(one) for one in errors] == [type(error)] * 3
        assert [one.job_id for one in errors] == list(watches)  # type: ignore[union-attr]  # they are ours
        assert len(set(map(id, errors))) == 3

    _play(play)


def test_a_job_that_is_not_there_fails_alone() -> None:
    async def play(scene: Scene) -> None:
        there, gone = scene.watch(scene.story.service.create(1.0), _looks(1)), scene.watch("gone", _looks(1))
        with pytest.raises(NotFoundError, match="job gone"):
            await gone
        assert (await there).status == "COMPLETED"

    _play(play)


def test_what_should_not_happen_is_an_error_and_not_a_wait_for_ever() -> None:
    def fail(_: Call[Any]) -> None:
        raise ZeroDivisionError

    async def play(scene: Scene) -> None:
        scene.story.service.interfere = fail
        with pytest.raises(ClassifyError, match="ZeroDivisionError at test_watcher"):
            await scene.watch(scene.story.service.create(1.0), _looks(1))
        scene.story.service.interfere = lambda _: None
        scene.watcher._agenda.looks = lambda now: 1 / 0  # type: ignore[method-assign]  # a mistake of the watcher's own
        with pytest.raises(ClassifyError, match="please report it"):
            await scene.watch(scene.story.service.create(1.0), _looks(1))

    _play(play)


def test_who_is_told_that_a_job_runs_and_raises_harms_his_own_wait_alone() -> None:
    async def play(scene: Scene) -> None:
        job_id = scene.story.service.create(1.0)
        bad, good = scene.watch(job_id, _looks(1), on_running=lambda: 1 / 0), scene.watch(job_id, _looks(1))
        with pytest.raises(ClassifyError, match="ZeroDivisionError"):
            await bad
        assert (await good).status == "COMPLETED"

    _play(play)


def test_a_look_that_anothers_client_could_not_do_is_done_with_the_own_one() -> None:
    class Closed:
        async def run(self, operation: Call[Any], *, deadline: Any = None) -> Any:
            raise InvalidOptionError("this client is closed")

    async def play(scene: Scene) -> None:
        mine = scene.watch(scene.story.service.create(1.0), _looks(1))
        await asyncio.sleep(0.01)
        scene.lookup = JobLookup(Closed())
        others = scene.watch(scene.story.service.create(1.0), _looks(1))
        with pytest.raises(InvalidOptionError):
            await others
        assert (await mine).status == "COMPLETED"

    _play(play)


def test_a_slow_service_is_asked_4_things_at_once_and_no_job_twice() -> None:
    asked: list[str] = []
    most = [0]

    async def play(scene: Scene) -> None:
        async def slow(job_ids: tuple[str, ...]) -> None:
            assert not set(asked) & set(job_ids)
            asked.extend(job_ids)
            most[0] = max(most[0], len(asked))
            await asyncio.sleep(3.0)
            for job_id in job_ids:
                asked.remove(job_id)

        scene.story.service.interfere = lambda call: slow(call.params["job_ids"])
        runs = [budget(1) for _ in range(1000)]
        await asyncio.gather(*[scene.watch(scene.story.service.create(5.0), looks) for _, looks in runs])

    _play(play)
    assert most[0] == 400


def test_jobs_of_a_service_that_does_not_list_by_id_are_asked_for_30_times_a_second_at_most() -> None:
    async def play(scene: Scene) -> None:
        for _ in range(5):
            scene.story.service.create(0.0)  # not asked for
        run, looks = budget(90)
        await asyncio.gather(*[scene.watch(scene.story.service.create(20.0), looks) for _ in range(90)])
        del run

    service = _play(play, honours_filter=False).story.service
    assert len(service.looks) == 1
    assert len(service.single_looks) <= 30 * 24 + 2 * 90


def test_a_service_that_tells_no_times_is_learned_from_all_the_same() -> None:
    async def play(scene: Scene) -> None:
        for _ in range(20):
            await scene.watch(scene.story.service.create(8.0), _looks(1))
        assert scene.watcher._agenda.durations.median == pytest.approx(8.0, rel=0.1)

    _play(play, tells_times=False)


def test_a_loop_that_ends_leaves_nobody_waiting() -> None:
    clock = VirtualClock()
    scene = Scene(clock, SimulatedService(clock))

    async def main() -> list[asyncio.Future[SeenJob]]:
        watches = [scene.watch(scene.story.service.create(60.0), _looks(1)) for _ in range(3)]
        await asyncio.sleep(1.0)
        return watches

    assert all(watch.cancelled() for watch in clock.run(main()))


def test_a_watcher_that_had_nothing_to_do_begins_again() -> None:
    async def play(scene: Scene) -> None:
        for _ in range(3):
            await scene.watch(scene.story.service.create(1.0), _looks(1))
            await asyncio.sleep(100.0)

    assert len(_play(play).story.known) == 3
