"""Without transaction IDs: lost answers, repeated calls and later runs make no second v1 job."""

from __future__ import annotations

import asyncio

import pytest

from classify_core import ClassifyClient, JobCancelledError, JobFailedError, Source
from classify_core.errors import ServerError
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import BILL, CAKE, UPLOAD, Call, DictJournal, until
from tests.hosted.v1.runs import CREATE, GET, LIST, RESULTS, SCAN, begin, classify_all, jobs_of


def _client(server: ClassifyServer) -> ClassifyClient:
    return ClassifyClient(api_key=server.api_key, base_url=server.base_url)


def _made(server: ClassifyServer) -> int:
    """How many jobs there are, whatever was answered."""
    with _client(server) as client:
        return len(list(client.v1.jobs.list()))


@pytest.mark.parametrize("status", [None, 500, 504])
async def test_a_lost_answer_makes_no_second_job(classify_server: ClassifyServer, status: int | None) -> None:
    classify_server.faults.request(CREATE, "lost", status=status, times=1)
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [BILL, CAKE])
    assert [answer.type for answer in answers] == ["invoice", "recipe"]
    assert {answer.is_from_former_job for answer in answers} == {False}
    assert _made(classify_server) == 1


async def test_a_lost_answer_is_found_while_the_job_is_open(classify_server: ClassifyServer) -> None:
    classify_server.job_seconds = 1.0
    classify_server.faults.request(CREATE, "lost", times=1)
    async with jobs_of(classify_server) as jobs:
        begun = await begin(jobs, BILL, Call(expected=1))
        await begun.referred()
        answer = await begun.answer()
    assert answer.type == "invoice"
    assert _made(classify_server) == 1


@pytest.mark.parametrize("fault", ["error", "reset"])
async def test_a_creation_that_made_nothing_is_repeated(classify_server: ClassifyServer, fault: str) -> None:
    classify_server.faults.request(CREATE, fault, times=1)
    async with jobs_of(classify_server) as jobs:
        [answer] = await classify_all(jobs, [BILL])
    assert answer.type == "invoice"
    assert _made(classify_server) == 1


async def test_where_it_cannot_be_found_out_no_second_job_is_made(classify_server: ClassifyServer) -> None:
    classify_server.faults.request(CREATE, "lost", status=500, times=1)
    classify_server.faults.request(LIST, "error", status=403)
    async with jobs_of(classify_server) as jobs:
        [error] = await classify_all(jobs, [BILL])
    assert isinstance(error, ServerError)
    classify_server.faults.clear()
    assert _made(classify_server) == 1


async def test_a_job_of_other_files_is_not_taken_for_the_lost_one(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as other:
        await classify_all(other, [CAKE])
    classify_server.faults.request(CREATE, "error", status=500, times=1)
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [BILL, CAKE])
    assert [answer.type for answer in answers] == ["invoice", "recipe"]
    assert _made(classify_server) == 2


async def test_a_job_of_other_work_is_not_taken_for_the_lost_one(classify_server: ClassifyServer) -> None:
    with _client(classify_server) as client:
        file = client.files.upload(BILL.encode(), name="bill.txt")
    named = Source.file_id(file.id)
    async with jobs_of(classify_server) as jobs:
        await classify_all(jobs, [named])
    classify_server.faults.request(CREATE, "error", status=500, times=1)
    async with jobs_of(classify_server, mode="MULTIMODAL") as jobs:
        await classify_all(jobs, [named])
    assert _made(classify_server) == 2


async def test_a_repeated_call_finds_its_jobs_without_a_new_one(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        first = await classify_all(jobs, [BILL, CAKE])
        classify_server.requests.clear()
        again = await classify_all(jobs, [BILL, CAKE])
    assert [answer.job_id for answer in again] == [answer.job_id for answer in first]
    assert {answer.is_from_former_job for answer in again} == {True}
    assert len(classify_server.requests) == 0


async def test_a_later_run_finds_jobs_and_results_by_the_journal(classify_server: ClassifyServer) -> None:
    journal, texts = DictJournal(), [f"{BILL} {number}" for number in range(20)]
    async with jobs_of(classify_server) as jobs:
        first = await classify_all(jobs, texts, Call(expected=20, journal=journal))
    classify_server.requests.clear()
    async with jobs_of(classify_server) as jobs:
        again = await classify_all(jobs, [*texts, CAKE], Call(expected=21, journal=journal))
    assert [answer.job_id for answer in again[:-1]] == [answer.job_id for answer in first]
    assert [answer.is_from_former_job for answer in again] == [True] * 20 + [False]
    count = classify_server.requests.count
    assert (count(CREATE), count(UPLOAD)) == (1, 1)
    assert count(RESULTS) == 2  # once for each job, however many documents it has


async def test_a_later_run_waits_for_a_job_that_is_still_open(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    classify_server.faults.job("hang", seconds=0.8)
    async with jobs_of(classify_server) as jobs:
        begun = [await begin(jobs, text, Call(expected=2, journal=journal)) for text in (BILL, CAKE)]
        await asyncio.gather(*(one.referred() for one in begun))
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [BILL, CAKE], Call(expected=2, journal=journal))
    assert [answer.type for answer in answers] == ["invoice", "recipe"]
    assert {answer.is_from_former_job for answer in answers} == {True}


async def test_the_journal_is_of_one_mode_and_one_service(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    for mode in ("FAST", "MULTIMODAL"):
        async with jobs_of(classify_server, mode=mode) as jobs:
            [answer] = await classify_all(jobs, [BILL], Call(expected=1, journal=journal))
            assert not answer.is_from_former_job
    assert _made(classify_server) == 2


async def test_a_cancelled_job_is_made_again_without_being_asked(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    classify_server.faults.job("cancelled", times=1)
    async with jobs_of(classify_server) as jobs:
        [cancelled] = await classify_all(jobs, [BILL], Call(expected=1, journal=journal))
    assert isinstance(cancelled, JobCancelledError)
    async with jobs_of(classify_server) as jobs:
        [answer] = await classify_all(jobs, [BILL], Call(expected=1, journal=journal))
    assert (answer.type, answer.is_from_former_job) == ("invoice", False)


@pytest.mark.parametrize("retry_failed", [False, True])
async def test_a_file_that_failed_is_made_again_only_where_that_is_asked_for(
    classify_server: ClassifyServer, *, retry_failed: bool
) -> None:
    journal = DictJournal()
    async with jobs_of(classify_server) as jobs:
        await classify_all(jobs, [BILL, SCAN], Call(expected=2, journal=journal))
    classify_server.requests.clear()
    async with jobs_of(classify_server, retry_failed=retry_failed) as jobs:
        bill, scan = await classify_all(jobs, [BILL, SCAN], Call(expected=2, journal=journal))
    assert bill.is_from_former_job
    assert isinstance(scan, JobFailedError)
    assert classify_server.requests.count(CREATE) == int(retry_failed)


async def test_a_noted_job_that_is_gone_is_made_again(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    async with jobs_of(classify_server) as jobs:
        await classify_all(jobs, [BILL], Call(expected=1, journal=journal))
    classify_server.faults.request(GET, "error", status=404, times=1)
    async with jobs_of(classify_server) as jobs:
        [answer] = await classify_all(jobs, [BILL], Call(expected=1, journal=journal))
    assert (answer.type, answer.is_from_former_job) == ("invoice", False)


async def test_a_creation_under_way_is_noted_before_the_backend_closes(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    classify_server.faults.request(CREATE, "slow", seconds=0.5, times=1)
    async with jobs_of(classify_server) as jobs:
        await begin(jobs, BILL, Call(expected=1, journal=journal))
        await until(lambda: classify_server.requests.to(CREATE))
    async with jobs_of(classify_server) as jobs:
        [answer] = await classify_all(jobs, [BILL], Call(expected=1, journal=journal))
    assert answer.is_from_former_job
    assert _made(classify_server) == 1


async def test_a_candidate_that_does_not_tell_its_files_is_waited_for(classify_server: ClassifyServer) -> None:
    """A service whose results are empty until the job has ended: refused is one way to be so."""
    classify_server.job_seconds = 1.5
    classify_server.faults.request(CREATE, "lost", times=1)
    classify_server.faults.request(RESULTS, "error", status=404, times=2)
    async with jobs_of(classify_server) as jobs:
        [answer] = await classify_all(jobs, [BILL])
    assert answer.type == "invoice"
    assert _made(classify_server) == 1
