"""What a server left open, however it ended, is finished by the next one on its data, and only once."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import httpx

from benchmarks import kills
from classify_core.server import Faults, JobSeconds, RunningServer
from classify_core.server.store import jobs
from classify_core.server.store.database import FILE_NAME
from classify_core.server.store.records import Outcome
from tests.server.jobs_api import INVOICE, V1, V2, create, create_v1, ended, ended_v1, got, until, upload
from tests.server.projects import KEYS, client_of, own_server, stored

MADE_BEFORE = {"type": "made before", "confidence": 1.0, "reasoning": "by the server that was here before"}


def _client(running: RunningServer) -> httpx.Client:
    return client_of(running.base_url, KEYS[0])


def _hanging() -> Faults:
    faults = Faults()
    faults.job("hang")
    return faults


def test_what_a_stopped_server_left_open_is_finished(tmp_path: Path) -> None:
    with own_server(tmp_path, faults=_hanging(), concurrent_jobs=2) as running, _client(running) as client:
        made = [create(client) for _ in range(4)]
        many = create_v1(client, [upload(client), upload(client, b"%PDF-1.7 no more", "broken.pdf")])
        until(client, f"{V2}/{made[1]['id']}", "RUNNING")
        left = [got(client, f"{V2}/{job['id']}")["status"] for job in made]

    with own_server(tmp_path) as running, _client(running) as client:
        finished = [ended(client, job["id"])["status"] for job in made]
        partial = ended_v1(client, many["id"])["status"]

    assert left == ["RUNNING", "RUNNING", "PENDING", "PENDING"]
    assert finished == ["COMPLETED"] * 4
    assert partial == "PARTIAL_SUCCESS"


def test_an_outcome_that_was_kept_is_not_made_again(tmp_path: Path) -> None:
    with own_server(tmp_path, faults=_hanging()) as running, _client(running) as client:
        job = create_v1(client, [upload(client, INVOICE + b"%d" % number, f"{number}.txt") for number in range(3)])

        def begin_and_keep_one(connection: sqlite3.Connection) -> None:
            jobs.begin(connection, job["id"])
            jobs.keep_outcome(connection, job["id"], 1, Outcome(result=MADE_BEFORE))

        stored(running, begin_and_keep_one)

    with own_server(tmp_path) as running, _client(running) as client:
        assert ended_v1(client, job["id"])["status"] == "SUCCESS"
        items = got(client, f"{V1}/{job['id']}/results")["items"]

    assert [item["result"]["type"] for item in items] == ["invoice", "made before", "invoice"]


def test_a_job_whose_outcomes_were_all_kept_only_ends(tmp_path: Path) -> None:
    with own_server(tmp_path, faults=_hanging()) as running, _client(running) as client:
        job = create(client)

        def begin_and_keep(connection: sqlite3.Connection) -> None:
            jobs.begin(connection, job["id"])
            jobs.keep_outcome(connection, job["id"], 0, Outcome(result=MADE_BEFORE))

        stored(running, begin_and_keep)

    with own_server(tmp_path) as running, _client(running) as client:
        assert ended(client, job["id"])["result"] == MADE_BEFORE


def test_a_job_that_ended_is_left_as_it_is(tmp_path: Path) -> None:
    with own_server(tmp_path) as running, _client(running) as client:
        before = [ended(client, create(client)["id"])]
        running.service.faults.job("hang")
        hanging = create(client)
        client.post(f"{V2}/{hanging['id']}/cancel")
        before.append(ended(client, hanging["id"]))

    with own_server(tmp_path) as running, _client(running) as client:
        ended(client, create(client)["id"])
        assert [got(client, f"{V2}/{job['id']}") for job in before] == before


def test_a_server_that_stops_does_not_wait_for_its_jobs(tmp_path: Path) -> None:
    with own_server(tmp_path, job_seconds=JobSeconds(600)) as running, _client(running) as client:
        job = create(client)
        until(client, f"{V2}/{job['id']}", "RUNNING")

    assert _status_on_disk(tmp_path, job) == "RUNNING"


def test_texts_of_more_than_48_hours_are_gone_after_a_start(tmp_path: Path) -> None:
    with own_server(tmp_path) as running, _client(running) as client:
        ended(client, create(client)["id"])
        stored(running, lambda connection: connection.execute("UPDATE parse_jobs SET created_at = '2020'") and None)

    with own_server(tmp_path) as running:
        count = stored(running, lambda connection: connection.execute("SELECT COUNT(*) FROM parse_jobs").fetchone()[0])

    assert count == 0


async def test_a_few_kills_lose_double_and_spoil_nothing(tmp_path: Path) -> None:
    report = await kills.run(kills=4, seed=7, clients=2, folder=tmp_path)

    assert report.violations == (), str(report)


def _status_on_disk(folder: Path, job: dict[str, Any]) -> str:
    connection = sqlite3.connect(folder / FILE_NAME)
    try:
        [status] = connection.execute("SELECT status FROM jobs WHERE id = ?", (job["id"],)).fetchone()
    finally:
        connection.close()
    return str(status)
