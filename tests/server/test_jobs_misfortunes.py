"""What befalls a job: its cancellation, the time that is drawn for it, and injected faults."""

from __future__ import annotations

from datetime import datetime

import httpx

from classify_core.server import JobSeconds
from classify_core.testing.server import ClassifyServer
from tests.server import hostile_files
from tests.server.jobs_api import INVOICE, V2, create, create_v1, ended, ended_v1, got, until, upload


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
