"""In which order jobs are worked on, and how many at once."""

from __future__ import annotations

import asyncio

import httpx

from classify_core.server import JobSeconds, RunningServer
from classify_core.server.jobs.queue import ProjectQueue
from classify_core.server.store import jobs
from classify_core.testing.server import ClassifyServer
from tests.server.jobs_api import INVOICE, V1, V2, create, create_v1, ended, ended_v1, got, until, upload
from tests.waiting import wait_until


def _total(client: httpx.Client, status: str) -> int:
    return int(got(client, V2, status=status, page_size=1)["total_size"])


def _until_total(client: httpx.Client, status: str, total: int) -> None:
    wait_until(lambda: _total(client, status) == total)


def test_jobs_of_a_project_are_begun_as_they_came(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.concurrent_jobs = 1
    file_id = upload(client)

    made = [create(client, file_id) for _ in range(8)]
    finished = [ended(client, job["id"]) for job in made]

    assert sorted(finished, key=lambda job: job["updated_at"]) == finished


def test_jobs_beyond_the_concurrent_ones_wait_as_pending(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.concurrent_jobs = 2
    classify_server.faults.job("hang")
    file_id = upload(client)

    made = [create(client, file_id) for _ in range(5)]
    for job in made[:2]:
        until(client, f"{V2}/{job['id']}", "RUNNING")
    assert [_total(client, status) for status in ("RUNNING", "PENDING")] == [2, 3]

    client.post(f"{V2}/{made[0]['id']}/cancel")

    until(client, f"{V2}/{made[2]['id']}", "RUNNING")
    assert [_total(client, status) for status in ("RUNNING", "PENDING")] == [2, 2]


def test_the_limits_bound_the_running_jobs_too(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.limits = "free"
    classify_server.limits = classify_server.limits.model_copy(update={"requests_per_minute": None})
    classify_server.faults.job("hang")
    file_id = upload(client)

    made = [create(client, file_id) for _ in range(7)]
    for job in made[:5]:
        until(client, f"{V2}/{job['id']}", "RUNNING")

    assert [_total(client, status) for status in ("RUNNING", "PENDING")] == [5, 2]


def test_jobs_that_wait_like_the_hosted_ones_keep_no_others_from_running(
    client: httpx.Client, classify_server: ClassifyServer
) -> None:
    classify_server.job_seconds = JobSeconds(600)
    file_id = upload(client)

    for _ in range(12):
        create(client, file_id)

    _until_total(client, "RUNNING", 12)


def test_a_project_does_not_wait_for_all_jobs_of_another(client: httpx.Client, stranger: httpx.Client) -> None:
    file_id = upload(client, INVOICE * 600)  # as much as is kept of a page, which takes its time
    first = [create(client, file_id) for _ in range(150)]

    job = create(stranger)

    assert ended(stranger, job["id"])["status"] == "COMPLETED"
    assert _total(client, "COMPLETED") < 150
    assert ended(client, first[-1]["id"])["status"] == "COMPLETED"


def test_a_job_of_many_files_leaves_room_for_others(client: httpx.Client) -> None:
    many = create_v1(client, [upload(client, INVOICE + b"%d" % number, f"{number}.txt") for number in range(120)])

    single = create(client)

    assert ended(client, single["id"])["status"] == "COMPLETED"
    assert got(client, f"{V1}/{many['id']}")["status"] == "PENDING"
    assert ended_v1(client, many["id"])["status"] == "SUCCESS"


async def test_a_job_that_waits_costs_an_id_and_no_task() -> None:
    begun: list[str] = []

    async def work(job_id: str, _: ProjectQueue) -> None:
        begun.append(job_id)
        await asyncio.Event().wait()

    queue = ProjectQueue(work, lambda queue: queue.running < 3, lambda _: None, turns=1)
    for number in range(100_000):
        queue.add(str(number))
    await asyncio.sleep(0)

    assert begun == ["0", "1", "2"]
    assert len(asyncio.all_tasks()) == 4
    await queue.stop()


def test_a_job_that_is_submitted_again_is_worked_on_once(
    client: httpx.Client, classify_server: ClassifyServer, running: RunningServer
) -> None:
    classify_server.faults.job("hang")
    job = create(client)
    until(client, f"{V2}/{job['id']}", "RUNNING")

    async def submit_again() -> int:
        kept = await running.service.database.run(jobs.get, classify_server.project_id, "v2", job["id"])
        for _ in range(3):
            running.service.runner.submit(kept)
        return running.service.runner._queues[classify_server.project_id].running

    assert running.call(submit_again()) == 1
