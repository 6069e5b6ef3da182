"""The watcher with a real client and `classify serve`: the listing, its results and its limits as they are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from classify_core import ClassifyTimeoutError, Rule
from classify_core.api import AsyncClassifyClient
from classify_core.api.clock import Clock
from classify_core.deadline import Deadline
from classify_core.hosted.watching.lookup import JobLookup, SeenJob
from classify_core.hosted.watching.watcher import Watcher
from classify_core.testing.server import ClassifyServer
from tests.hosted.watching.simulation import budget

LISTING, SINGLE = "GET /api/v2/classify", "GET /api/v2/classify/*"
BILL = b"Invoice number 7: line items, tax, the total amount due"


def _client(server: ClassifyServer) -> AsyncClassifyClient:
    return AsyncClassifyClient(base_url=server.base_url, api_key=server.api_key)


async def _jobs(client: AsyncClassifyClient, rules: Sequence[Rule], count: int) -> list[SeenJob]:
    file = await client.files.upload(BILL, name="bill.txt")
    places = asyncio.Semaphore(10)

    async def job() -> SeenJob:
        async with places:
            return SeenJob.of(await client.jobs.create(file.id, rules=rules))

    return await asyncio.gather(*[job() for _ in range(count)])


async def test_120_jobs_are_known_with_a_few_listings(classify_server: ClassifyServer, rules: list[Rule]) -> None:
    classify_server.job_seconds = 0.3
    clock, (run, looks) = Clock(), budget(120)
    async with _client(classify_server) as client:
        watcher, lookup = Watcher(clock), JobLookup(client)
        jobs = await _jobs(client, rules, 120)
        deadline = clock.monotonic() + 60.0
        watches = [watcher.watch(job, lookup=lookup, budget=looks, deadline=Deadline(deadline)) for job in jobs]
        ended = await asyncio.gather(*watches)
    assert [job.id for job in ended] == [job.id for job in jobs]
    assert {job.result.type for job in ended if job.result is not None} == {"invoice"}
    assert all(job.result is not None and job.parse_job_id and job.file_input for job in ended)
    assert classify_server.requests.count(SINGLE) == 0
    assert 2 <= classify_server.requests.count(LISTING) <= 12
    assert run.expected == 120


async def test_a_job_that_hangs_times_out_and_one_that_failed_is_told_as_it_is(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.faults.job("hang", times=1)
    classify_server.faults.job("failed", after=1)
    clock, looks = Clock(), budget(2)[1]
    running: list[str] = []
    async with _client(classify_server) as client:
        watcher, lookup = Watcher(clock), JobLookup(client)
        deadline = clock.monotonic() + 0.6
        hanging, failed = await asyncio.gather(
            *[
                watcher.watch(
                    job,
                    lookup=lookup,
                    budget=looks,
                    deadline=Deadline(deadline),
                    on_running=lambda job_id=job.id: running.append(job_id),  # type: ignore[misc]  # bound now
                )
                for job in await _jobs(client, rules, 2)
            ],
            return_exceptions=True,
        )
    outcomes = {type(outcome): outcome for outcome in (hanging, failed)}
    late, seen = outcomes[ClassifyTimeoutError], outcomes[SeenJob]
    assert isinstance(late, ClassifyTimeoutError)
    assert isinstance(seen, SeenJob)
    assert (seen.status, seen.error_message) == ("FAILED", "PDF_IS_BROKEN: injected fault")
    assert late.job_id in running
