"""The runs that the watcher's promises are about, simulated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from classify_core.hosted.watching.schedule import LookBudget
from tests.clocks import VirtualClock
from tests.hosted.watching.simulation import ROUND_TRIP, Run, Scene, SimulatedService, Story, Window, budget, durations

Seconds = Callable[[], float]


def paced_run(seed: int, count: int = 200, *, is_size_known: bool = True) -> Story:
    """Jobs of about 2 s, 50 at once at the service, made as fast as the published limits allow."""
    clock = VirtualClock()

    async def main() -> Story:
        scene = Scene(clock, SimulatedService(clock, at_once=50))
        run, looks = budget(count if is_size_known else None)
        uploads, creates = Window(clock, 50, 5.05), Window(clock, 40, 1.05)
        seconds = durations(seed, 2.0, 0.35)
        watches = []
        for _ in range(count):
            await uploads.admit()
            await creates.admit()
            watches.append(scene.watch(scene.story.service.create(seconds()), looks))
        run.expected = count
        await asyncio.gather(*watches)
        return scene.story

    return clock.run(main())


def steady_run(count: int, seconds: Seconds, *, pause: float, budgets: Callable[[], tuple[Run, LookBudget]]) -> Story:
    """Jobs that are made one after the other, each with what `budgets` returns."""
    clock = VirtualClock()

    async def main() -> Story:
        scene = Scene(clock, SimulatedService(clock))
        runs, watches = [], []
        for _ in range(count):
            run, looks = budgets()
            runs.append(run)  # a budget does not hold its run
            watches.append(scene.watch(scene.story.service.create(seconds()), looks))
            await asyncio.sleep(pause)
        await asyncio.gather(*watches)
        return scene.story

    return clock.run(main())


def run_of(count: int, seconds: Seconds, *, pause: float, begun: int | None = None) -> Story:
    """The same in one run; `begun` is what the run tells of its documents."""
    shared = budget(count)
    if begun is not None:
        shared[0].begun = begun
    return steady_run(count if begun is None else 1, seconds, pause=pause, budgets=lambda: shared)


def free_plan_run(seed: int, count: int = 20, places: int = 5) -> tuple[Story, int]:
    """Jobs of about 2 s on the free plan, where 20 requests a minute are all there is; and how many it took."""
    clock = VirtualClock()

    async def main() -> tuple[Story, int]:
        service = SimulatedService(clock, at_once=places)
        service.pacer = pacer = Window(clock, 20, 60.05)
        scene = Scene(clock, service)
        run, looks = budget(count, open_limit=places, counted=True)
        free = asyncio.Semaphore(places)
        seconds = durations(seed, 2.0, 0.35)
        watches = []

        async def document() -> None:
            await free.acquire()
            for _ in ("upload", "create"):
                await pacer.admit()
                await asyncio.sleep(ROUND_TRIP)
            watch = scene.watch(service.create(seconds()), looks)
            watch.add_done_callback(lambda _: free.release())
            watches.append(watch)

        await asyncio.gather(*[document() for _ in range(count)])
        await asyncio.gather(*watches)
        del run
        return scene.story, 2 * count + len(service.looks) + len(service.single_looks)

    return clock.run(main())
