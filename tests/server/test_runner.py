"""What becomes of a job: its order, its outcome, what it costs, and that it alone bears its faults."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest

from classify_core.server import JobSeconds, RunningServer
from classify_core.server.jobs.queue import ProjectQueue
from classify_core.server.store import jobs
from classify_core.server.workers.pool import WorkerPool
from classify_core.testing.server import ClassifyServer
from tests.local import files
from tests.server import hostile_files
from tests.server.jobs_api import INVOICE, RULES, V1, V2, create, create_v1, ended, ended_v1, got, until, upload
from tests.server.projects import client_of, end, stored

RECIPE = b"A cooking recipe. Ingredients: 300 g flour, two eggs. Steps of preparation: mix and bake."


@pytest.fixture
def client(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        yield client


@pytest.fixture
def other(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    with client_of(classify_server.base_url, classify_server.another_key()) as client:
        yield client


@pytest.fixture
def running(_classify_server_of_session: RunningServer) -> RunningServer:
    return _classify_server_of_session


def _total(client: httpx.Client, status: str) -> int:
    return int(got(client, V2, status=status, page_size=1)["total_size"])


def _until_total(client: httpx.Client, status: str, total: int) -> None:
    deadline = time.monotonic() + 30
    while (found := _total(client, status)) != total:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def _usage(client: httpx.Client, job: dict[str, Any]) -> dict[str, Any]:
    ended(client, job["id"])
    return dict(got(client, f"{V2}/{job['id']}", expand="usage")["usage"])


def _free(credits: float | None = 0.0) -> dict[str, float | None]:  # noqa: A002 - the field's name
    return {"credits": 0.0, "parse_credits": credits}


# In which order


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


def test_a_project_does_not_wait_for_all_jobs_of_another(client: httpx.Client, other: httpx.Client) -> None:
    file_id = upload(client, INVOICE * 600)  # as much as is kept of a page, which takes its time
    first = [create(client, file_id) for _ in range(150)]

    job = create(other)

    assert ended(other, job["id"])["status"] == "COMPLETED"
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


# With which outcome


def test_a_job_of_several_files_succeeds_in_part(client: httpx.Client) -> None:
    contents = {"a.txt": INVOICE, "broken.pdf": b"%PDF-1.7 no more", "b.txt": RECIPE, "zip.bin": b"PK\x03\x04"}
    file_ids = [upload(client, content, name) for name, content in contents.items()]

    job = ended_v1(client, create_v1(client, file_ids)["id"])
    results = got(client, f"{V1}/{job['id']}/results")["items"]

    assert job["status"] == "PARTIAL_SUCCESS"
    assert job["error_message"].startswith("PDF_IS_BROKEN: 2 of 4 files failed, the first because it is damaged")
    assert [item["file_id"] for item in results] == file_ids
    assert [item["result"] and item["result"]["type"] for item in results] == ["invoice", None, "recipe", None]


def test_a_job_all_of_whose_files_fail_is_an_error(client: httpx.Client) -> None:
    job = ended_v1(client, create_v1(client, [upload(client, b"%PDF-1.7 no more", "broken.pdf")])["id"])

    assert job["status"] == "ERROR"
    assert job["error_message"].startswith("PDF_IS_BROKEN: 1 of 1 files failed")


@pytest.mark.parametrize(("pages", "expected"), [([0], "invoice"), ([1], "recipe"), ([1, 7], "recipe")])
def test_a_v1_job_counts_its_target_pages_from_zero(client: httpx.Client, pages: list[int], expected: str) -> None:
    file_id = upload(client, files.pdf([INVOICE.decode(), RECIPE.decode()]), "a.pdf")

    job = create_v1(client, [file_id], parsing_configuration={"target_pages": pages})
    ended_v1(client, job["id"])

    [item] = got(client, f"{V1}/{job['id']}/results")["items"]
    assert item["result"]["type"] == expected


def test_a_file_that_expires_before_its_job_begins_fails_it(
    client: httpx.Client, classify_server: ClassifyServer, running: RunningServer
) -> None:
    classify_server.concurrent_jobs = 1
    classify_server.faults.job("hang", times=1)
    first, file_id = create(client), upload(client)
    waiting = create(client, file_id)

    stored(running, end, file_id)
    client.post(f"{V2}/{first['id']}/cancel")

    failed = ended(client, waiting["id"])
    assert failed["status"] == "FAILED"
    assert failed["error_message"].startswith("NO_DATA_FOUND_IN_FILE: its file is gone")


def test_what_nobody_foresaw_fails_one_job_without_a_word_of_it(
    client: httpx.Client, running: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise LookupError("quotes the secret text")

    with monkeypatch.context() as patched:
        patched.setattr(WorkerPool, "decide", fail)
        failed = ended(client, create(client)["id"])

    assert failed["status"] == "FAILED"
    assert failed["error_message"] == "the server failed to work on it; the server's log tells where"
    assert ended(client, create(client)["id"])["status"] == "COMPLETED"


# At which price


def test_each_page_costs_a_credit_and_the_same_content_costs_none_again(client: httpx.Client) -> None:
    data = files.pdf([INVOICE.decode(), "two", "three"])
    first = create(client, upload(client, data, "a.pdf"))
    usage = _usage(client, first)
    second = create(client, upload(client, data, "other name.pdf"))

    assert usage == {"credits": 3.0, "parse_credits": 3.0}
    assert _usage(client, second) == _free()
    assert ended(client, second["id"])["parse_job_id"] == ended(client, first["id"])["parse_job_id"]


def test_only_the_pages_that_are_asked_for_are_counted(client: httpx.Client) -> None:
    file_id = upload(client, files.pdf([INVOICE.decode(), "two", "three"]), "a.pdf")
    configuration = {"rules": RULES, "parsing_configuration": {"max_pages": 2}}

    assert _usage(client, create(client, file_id, configuration=configuration))["credits"] == 2.0


def test_a_parse_job_is_classified_for_nothing(client: httpx.Client) -> None:
    parse_job_id = ended(client, create(client)["id"])["parse_job_id"]

    again = create(client, parse_job_id)

    assert _usage(client, again) == _free(None)
    assert ended(client, again["id"])["parse_job_id"] == parse_job_id
    assert ended(client, again["id"])["result"]["type"] == "invoice"


def test_content_that_was_read_is_not_read_again(client: httpx.Client, running: RunningServer) -> None:
    ended(client, create(client)["id"])
    again = upload(client)
    for path in running.service.options.data.glob(f"files/*/{again.removeprefix('dfl-')}"):
        path.unlink()

    assert ended(client, create(client, again)["id"])["result"]["type"] == "invoice"


def test_many_jobs_of_one_content_share_one_reading_and_one_pays(client: httpx.Client) -> None:
    data = files.pdf([INVOICE.decode()] * 40)
    made = [create(client, upload(client, data, "a.pdf")) for _ in range(6)]

    assert sorted(_usage(client, job)["credits"] for job in made) == [0.0] * 5 + [40.0]
    assert len({ended(client, job["id"])["parse_job_id"] for job in made}) == 1


def test_the_same_content_is_read_apart_for_each_project(client: httpx.Client, other: httpx.Client) -> None:
    mine, theirs = create(client), create(other)

    assert [_usage(client, mine)["credits"], _usage(other, theirs)["credits"]] == [1.0, 1.0]
    assert ended(client, mine["id"])["parse_job_id"] != ended(other, theirs["id"])["parse_job_id"]


def test_after_48_hours_a_content_is_read_and_paid_again(client: httpx.Client, running: RunningServer) -> None:
    parse_job_id = ended(client, create(client)["id"])["parse_job_id"]

    def age(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE parse_jobs SET created_at = '2020' WHERE id = ?", (parse_job_id,))

    stored(running, age)
    again = create(client)

    assert client.post(V2, json={"file_input": parse_job_id, "configuration": {"rules": RULES}}).status_code == 400
    assert _usage(client, again)["credits"] == 1.0
    assert ended(client, again["id"])["parse_job_id"] != parse_job_id


# With which misfortunes


def test_a_cancelled_job_stays_cancelled_and_its_document_is_read_no_more(client: httpx.Client) -> None:
    slow = upload(client, hostile_files.html_of_nested_elements(1_500_000), "slow.html")
    made = [create(client, slow), create(client, upload(client, b"\n" + b"<p>" * 3_000_000, "slow.html"))]
    for job in made:
        until(client, f"{V2}/{job['id']}", "RUNNING")

    for job in made:
        assert client.post(f"{V2}/{job['id']}/cancel").status_code == 200

    # Both processes were busy for many seconds more.
    assert ended(client, create(client)["id"])["status"] == "COMPLETED"
    assert {ended(client, job["id"])["status"] for job in made} == {"CANCELLED"}
    assert {ended(client, job["id"])["result"] for job in made} == {None}


def test_a_job_takes_as_long_as_was_drawn_for_it(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.job_seconds = JobSeconds(0.4)

    v2, v1 = create(client), create_v1(client, [upload(client)])

    for job in (ended(client, v2["id"]), ended_v1(client, v1["id"])):
        assert job["updated_at"] > job["created_at"]
        assert _seconds_between(job["created_at"], job["updated_at"]) >= 0.4


def test_a_job_that_waits_is_cancelled_promptly(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.job_seconds = JobSeconds(600)
    classify_server.concurrent_jobs = 1
    first, second = create(client), create(client)
    until(client, f"{V2}/{first['id']}", "RUNNING")
    classify_server.job_seconds = None

    client.post(f"{V2}/{first['id']}/cancel")

    assert ended(client, second["id"])["status"] == "COMPLETED"
    assert ended(client, first["id"])["status"] == "CANCELLED"


def test_a_job_fails_with_the_injected_error(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.faults.job("failed", file="*.txt", error="TIMEOUT: injected", seconds=0.1)

    failed = ended(client, create(client)["id"])
    job = create_v1(client, [upload(client)])

    assert (failed["status"], failed["error_message"], failed["result"]) == ("FAILED", "TIMEOUT: injected", None)
    assert ended_v1(client, job["id"])["status"] == "ERROR"
    assert ended(client, create(client, upload(client, INVOICE, "a.log"))["id"])["status"] == "COMPLETED"


def test_a_job_is_cancelled_by_the_server(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.faults.job("cancelled", seconds=0.1)

    assert ended(client, create(client)["id"])["status"] == "CANCELLED"
    assert ended_v1(client, create_v1(client, [upload(client)])["id"])["status"] == "CANCELLED"


def test_hanging_jobs_keep_no_others_from_running(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang", times=6)
    file_id = upload(client)
    hanging = [create(client, file_id) for _ in range(6)]

    assert ended(client, create(client, file_id)["id"])["status"] == "COMPLETED"
    assert {got(client, f"{V2}/{job['id']}")["status"] for job in hanging} == {"RUNNING"}


def test_a_job_that_hangs_for_some_seconds_goes_on(client: httpx.Client, classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang", seconds=0.2)

    assert ended(client, create(client)["id"])["result"]["type"] == "invoice"


def test_a_fault_strikes_a_parse_job_by_its_documents_name(
    client: httpx.Client, classify_server: ClassifyServer
) -> None:
    parse_job_id = ended(client, create(client, upload(client, INVOICE, "struck.txt"))["id"])["parse_job_id"]
    classify_server.faults.job("failed", file="struck*")

    assert ended(client, create(client, parse_job_id)["id"])["status"] == "FAILED"


def _seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
