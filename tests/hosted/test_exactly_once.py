"""One job for equal work, whatever gets lost: counted at the server itself."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classify_core import (
    ClassifyClient,
    ClassifyError,
    ClassifyTimeoutError,
    JobCancelledError,
    JobFailedError,
    NotFoundError,
    RateLimits,
    RejectedRequestError,
    Source,
)
from classify_core.backend import JobReference
from classify_core.cache import FileCache
from classify_core.hosted.transaction import transaction_id_of
from classify_core.models import JobStatus
from classify_core.progress.events import Stage
from classify_core.rules import configuration_of
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import (
    BILL,
    CONFIGURATION,
    CREATE,
    JOBS,
    UPLOAD,
    BrokenJournal,
    Call,
    DictJournal,
    Document,
    LeapingClock,
    PromptClock,
    backend_of,
    request,
    request_of,
    run,
    until,
)

ROOT = Path(__file__).parents[2]


def _jobs(server: ClassifyServer) -> list[Any]:
    with ClassifyClient(base_url=server.base_url, api_key=server.api_key) as client:
        return list(client.jobs.list())


def _bills(count: int) -> list[Any]:
    return [request(f"{BILL}, number {number}") for number in range(count)]


async def test_lost_refused_and_reset_requests_lose_no_document_and_make_no_second_job(
    classify_server: ClassifyServer,
) -> None:
    faults = classify_server.faults
    faults.request("*", "error", share=0.05)
    faults.request("*", "reset", share=0.05)
    faults.request(CREATE, "lost", share=0.1)
    backend = backend_of(classify_server, _clock=PromptClock())
    answers = await run(backend, _bills(40))
    faults.clear()
    assert len({answer.job_id for answer in answers}) == 40
    assert {job.id for job in await asyncio.to_thread(_jobs, classify_server)} == {one.job_id for one in answers}
    assert not any(answer.is_from_former_job for answer in answers)
    await backend.aclose()


@pytest.mark.parametrize("status", [None, 500, 504])
async def test_a_create_whose_answer_is_lost_is_one_job(classify_server: ClassifyServer, status: int | None) -> None:
    classify_server.faults.request(CREATE, "lost", status=status, times=2)
    backend = backend_of(classify_server)
    [answer] = await run(backend, [request()])
    assert not answer.is_from_former_job
    assert classify_server.requests.count(CREATE) == 3
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 1
    await backend.aclose()


async def test_a_run_that_was_killed_goes_on_from_its_journal_without_uploads_or_creates(
    classify_server: ClassifyServer,
) -> None:
    journal, bills = DictJournal(), _bills(40)
    killed = backend_of(classify_server)
    for bill in bills[:30]:
        await killed.begin(bill, Document(Call(journal=journal)), timeout=20)  # and never waited for
    await killed.aclose()
    del killed
    gc.collect()  # what the killed process knew is gone with it
    classify_server.requests.clear()

    again = backend_of(classify_server)
    answers = await run(again, bills, Call(journal=journal))
    assert [answer.is_from_former_job for answer in answers] == [True] * 30 + [False] * 10
    assert classify_server.requests.count(CREATE) == classify_server.requests.count(UPLOAD) == 10
    assert classify_server.requests.count(JOBS) < 15  # 30 noted jobs are not looked at one by one
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 40
    await again.aclose()


RUN_OF_ANOTHER_PROCESS = """
import asyncio, sys, types
from classify_core.cache import FileCache
from tests.hosted.calls import BILL, Call, backend_of, request, run

server = types.SimpleNamespace(base_url=sys.argv[1], api_key=sys.argv[2])
bills = [request(f"{BILL}, number {number}") for number in range(60)]
asyncio.run(run(backend_of(server), bills, Call(journal=FileCache(sys.argv[3]))))
"""


async def test_a_process_that_is_killed_at_any_moment_leaves_nothing_to_be_paid_twice(
    classify_server: ClassifyServer, tmp_path: Path
) -> None:
    classify_server.job_seconds = 0.3
    path = tmp_path / "cache.sqlite"
    told = [classify_server.base_url, classify_server.api_key, str(path)]
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", RUN_OF_ANOTHER_PROCESS, *told, cwd=ROOT, stderr=asyncio.subprocess.DEVNULL
    )
    await until(lambda: classify_server.requests.count(CREATE) >= 20)
    killed.kill()
    await killed.wait()
    before = {job.id for job in await asyncio.to_thread(_jobs, classify_server)}
    classify_server.requests.clear()

    backend = backend_of(classify_server)
    answers = await run(backend, _bills(60), Call(journal=FileCache(path)))
    assert before <= {answer.job_id for answer in answers}
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 60
    assert len({answer.job_id for answer in answers}) == 60
    assert len(before) < 60
    await backend.aclose()


async def test_without_a_journal_the_service_itself_finds_the_jobs(classify_server: ClassifyServer) -> None:
    bills = _bills(40)
    for _ in range(2):
        backend = backend_of(classify_server)
        answers = await run(backend, bills)
        await backend.aclose()
        del backend
        gc.collect()
    assert len({answer.job_id for answer in answers}) == len(await asyncio.to_thread(_jobs, classify_server)) == 40
    assert all(answer.is_from_former_job for answer in answers[:16])


async def test_a_broken_journal_costs_requests_and_nothing_else(
    classify_server: ClassifyServer, caplog: pytest.LogCaptureFixture
) -> None:
    backend = backend_of(classify_server)
    [answer] = await run(backend, [request()], Call(journal=BrokenJournal()))
    assert answer.type == "invoice"
    assert "OSError" in caplog.text
    assert BILL not in caplog.text
    await backend.aclose()


async def test_a_noted_job_that_the_service_does_not_know_is_made_anew(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    backend = backend_of(classify_server)
    [first] = await run(backend, [request()], Call(journal=journal))
    with ClassifyClient(base_url=classify_server.base_url, api_key=classify_server.api_key) as client:
        await asyncio.to_thread(client.jobs.delete, str(first.job_id))
    [second] = await run(backend, [request()], Call(journal=journal))
    assert second.job_id != first.job_id
    assert not second.is_from_former_job
    [third] = await run(backend, [request()], Call(journal=journal))
    assert third.job_id == second.job_id
    await backend.aclose()


@pytest.mark.parametrize("has_journal", [True, False])
async def test_a_job_that_somebody_cancelled_is_made_again_without_being_asked(
    classify_server: ClassifyServer, *, has_journal: bool
) -> None:
    journal = DictJournal() if has_journal else None
    classify_server.faults.job("cancelled", times=1)
    backend = backend_of(classify_server)
    with pytest.raises(JobCancelledError):
        await run(backend, [request()], Call(journal=journal))
    [answer] = await run(backend, [request()], Call(journal=journal))
    assert (answer.type, answer.is_from_former_job) == ("invoice", False)
    [again] = await run(backend, [request()], Call(journal=journal))
    assert (again.job_id, again.is_from_former_job) == (answer.job_id, True)
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 2
    await backend.aclose()


@pytest.mark.parametrize("has_journal", [True, False])
async def test_a_job_that_failed_is_made_again_only_where_that_is_asked_for(
    classify_server: ClassifyServer, *, has_journal: bool
) -> None:
    journal = DictJournal() if has_journal else None
    classify_server.faults.job("failed", times=1, error="TIMEOUT: too long")
    backend, retrying = backend_of(classify_server), backend_of(classify_server, retry_failed=True)
    for _ in range(2):
        with pytest.raises(JobFailedError) as failed:
            await run(backend, [request()], Call(journal=journal))
        assert failed.value.code == "TIMEOUT"
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 1
    [answer] = await run(retrying, [request()], Call(journal=journal))
    assert answer.type == "invoice"
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 2
    await backend.aclose()
    await retrying.aclose()


async def test_a_job_made_now_that_fails_is_not_made_again_by_the_same_call(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("failed")
    backend = backend_of(classify_server, retry_failed=True)
    with pytest.raises(JobFailedError):
        await run(backend, [request()])
    assert len(await asyncio.to_thread(_jobs, classify_server)) == 1
    await backend.aclose()


async def test_two_backends_and_equal_documents_at_once_are_one_upload_and_one_job(
    classify_server: ClassifyServer,
) -> None:
    backends = [backend_of(classify_server) for _ in range(2)]
    answers = await asyncio.gather(*(run(backend, [request()] * 5) for backend in backends))
    flat = [answer for of_one in answers for answer in of_one]
    assert len({answer.job_id for answer in flat}) == 1
    assert [answer.is_from_former_job for answer in flat].count(False) == 1
    assert classify_server.requests.count(UPLOAD) == 1
    for backend in backends:
        await backend.aclose()


async def test_a_file_that_the_service_forgot_is_uploaded_again_once(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    backend = backend_of(classify_server)
    await run(backend, [request()], Call(journal=journal))
    with ClassifyClient(base_url=classify_server.base_url, api_key=classify_server.api_key) as client:
        [file] = await asyncio.to_thread(lambda: list(client.files.list()))
        await asyncio.to_thread(client.files.delete, file.id)
    other = replace(request(), configuration=configuration_of(CONFIGURATION.rules[:1]))
    [answer] = await run(backend, [other], Call(journal=journal))
    assert answer.type == "invoice"
    assert classify_server.requests.count(UPLOAD) == 2
    assert classify_server.requests.count(CREATE) == 3
    await backend.aclose()


async def test_a_create_that_is_refused_for_another_reason_uploads_nothing_again(
    classify_server: ClassifyServer,
) -> None:
    classify_server.faults.request(CREATE, "error", status=400, detail="invalid configuration")
    backend = backend_of(classify_server)
    with pytest.raises(RejectedRequestError):
        await run(backend, [request()])
    assert (classify_server.requests.count(UPLOAD), classify_server.requests.count(CREATE)) == (1, 1)
    await backend.aclose()


async def test_a_file_of_the_users_own_is_used_as_it_is(classify_server: ClassifyServer) -> None:
    with ClassifyClient(base_url=classify_server.base_url, api_key=classify_server.api_key) as client:
        file = await asyncio.to_thread(lambda: client.files.upload(BILL.encode(), name="a.txt"))
    classify_server.requests.clear()
    backend = backend_of(classify_server)
    answers = [(await run(backend, [request_of(Source.file_id(file.id))]))[0] for _ in range(2)]
    assert [answer.is_from_former_job for answer in answers] == [False, True]
    assert classify_server.requests.count(UPLOAD) == 0
    await backend.aclose()


async def test_no_more_jobs_are_open_than_the_plan_allows_and_none_is_lost(classify_server: ClassifyServer) -> None:
    classify_server.job_seconds = 0.1
    backend = backend_of(classify_server, plan=RateLimits(concurrent_jobs=3))
    assert (backend.default_concurrency, backend.documents_in_hand) == (3, 3)
    most = 0

    async def one(number: int) -> None:
        nonlocal most
        begun = await backend.begin(request(f"{BILL} {number}"), Document(), timeout=20)
        most = max(most, backend._jobs._account().places(3)._taken)
        await begun.answer()

    await asyncio.gather(*map(one, range(9)))
    assert most == 3
    assert backend._jobs._account().places(3)._taken == 0
    await backend.aclose()


async def test_the_place_of_a_job_that_nobody_waits_for_is_given_back(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang")
    backend = backend_of(classify_server, plan=RateLimits(concurrent_jobs=1))
    for number in range(3):
        await asyncio.wait_for(backend.begin(request(f"{BILL} {number}"), Document(), timeout=20), 5)
        gc.collect()
    await backend.aclose()


async def test_a_job_that_has_ended_takes_no_place_while_its_price_is_asked_for(
    classify_server: ClassifyServer,
) -> None:
    classify_server.faults.request("GET /api/v2/classify/{job_id}", "slow", seconds=1.0)
    backend = backend_of(classify_server, plan=RateLimits(concurrent_jobs=1), usage=True)
    first = await backend.begin(request(), Document(), timeout=20)
    answering = asyncio.create_task(first.answer())
    await backend.begin(request(f"{BILL} 2"), Document(), timeout=20)
    assert not answering.done()
    assert (await answering).usage is not None
    await backend.aclose()


async def test_a_time_out_names_the_job_and_the_seconds_of_the_document(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang")
    clock = LeapingClock()
    backend = backend_of(classify_server, _clock=clock)
    begun = await backend.begin(request(), Document(), timeout=20)
    clock.leap(20)
    with pytest.raises(ClassifyTimeoutError) as late:
        await begun.answer()
    assert (late.value.timeout, late.value.job_id) == (20, (await begun.referred()).job_id)
    await backend.aclose()


@pytest.mark.parametrize("cancel_remote", [False, True])
@pytest.mark.parametrize("end", ["cancelled", "timeout"])
async def test_a_job_given_up_on_is_left_running_unless_it_is_to_be_cancelled(
    classify_server: ClassifyServer, *, end: str, cancel_remote: bool
) -> None:
    classify_server.faults.job("hang")
    clock = LeapingClock()
    backend = backend_of(classify_server, cancel_remote=cancel_remote, _clock=clock)
    begun = await backend.begin(request(), Document(), timeout=20)
    if end == "timeout":
        clock.leap(20)
    waiting = asyncio.create_task(begun.answer())
    await asyncio.sleep(0.05)
    if end == "cancelled":
        waiting.cancel()
    with pytest.raises((asyncio.CancelledError, ClassifyTimeoutError)):
        await waiting
    await backend.aclose()
    [job] = await asyncio.to_thread(_jobs, classify_server)
    assert (job.status is JobStatus.CANCELLED) is cancel_remote


async def test_a_job_whose_creation_is_cancelled_half_way_is_cancelled_too(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang")
    classify_server.faults.request(CREATE, "slow", seconds=0.5)
    backend = backend_of(classify_server, cancel_remote=True)
    beginning = asyncio.create_task(backend.begin(request(), Document(), timeout=20))
    await until(lambda: classify_server.requests.count(CREATE))
    await asyncio.sleep(0.1)
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    await backend.aclose()
    [job] = await asyncio.to_thread(_jobs, classify_server)
    assert job.status is JobStatus.CANCELLED


async def test_the_runs_own_deadline_is_never_put_off(classify_server: ClassifyServer) -> None:
    backend = backend_of(classify_server, plan=RateLimits(requests_per_minute=2))
    call = Call(deadline=time.monotonic() + 0.5)
    await backend.begin(request(), Document(call), timeout=20)
    with pytest.raises(ClassifyTimeoutError) as late:
        await backend.begin(request("another"), Document(call), timeout=20)
    assert late.value.timeout == 20
    assert len(classify_server.requests) == 2
    await backend.aclose()


async def test_a_place_that_is_not_free_before_the_runs_deadline_is_a_time_out(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang")
    backend = backend_of(classify_server, plan=RateLimits(concurrent_jobs=1))
    call = Call(deadline=time.monotonic() + 0.5)
    first = await backend.begin(request(), Document(call), timeout=20)
    with pytest.raises(ClassifyTimeoutError, match="place"):
        await backend.begin(request("another"), Document(call), timeout=20)
    assert classify_server.requests.count(CREATE) == 1
    await first.referred()
    await backend.aclose()


async def test_a_cancel_that_fails_is_told_with_the_job(
    classify_server: ClassifyServer, caplog: pytest.LogCaptureFixture
) -> None:
    classify_server.faults.job("hang")
    classify_server.faults.request("POST /api/v2/classify/{job_id}/cancel", "error", status=403)
    clock = LeapingClock()
    backend = backend_of(classify_server, cancel_remote=True, _clock=clock)
    begun = await backend.begin(request(), Document(), timeout=20)
    clock.leap(20)
    with pytest.raises(ClassifyTimeoutError):
        await begun.answer()
    await backend.aclose()
    assert (await begun.referred()).job_id in caplog.text


async def test_jobs_begun_earlier_tell_how_they_stand(classify_server: ClassifyServer) -> None:
    backend = backend_of(classify_server)
    done = await backend.begin(request(), Document(Call(is_submission=True)), timeout=20)
    await done.answer()
    classify_server.faults.job("failed", times=1, error="PDF_IS_BROKEN: injected")
    failed = await backend.begin(request("another bill"), Document(), timeout=20)
    with pytest.raises(JobFailedError):
        await failed.answer()
    classify_server.faults.job("hang")
    hanging = await backend.begin(request("a third bill"), Document(), timeout=20)
    references = [await one.referred() for one in (done, failed, hanging)]
    await backend.aclose()

    elsewhere = backend_of(classify_server, usage=True)
    states = await elsewhere.states([*references, JobReference("job-of-nobody")], timeout=10)
    assert (states[0].type, states[0].usage.total) == ("invoice", 1.0)
    assert isinstance(states[1], JobFailedError)
    assert states[2] in {JobStatus.PENDING, JobStatus.RUNNING}
    assert isinstance(states[3], NotFoundError)
    assert await elsewhere.states([], timeout=10) == []
    await elsewhere.aclose()


async def test_a_submission_takes_no_place(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang")
    backend = backend_of(classify_server, plan=RateLimits(concurrent_jobs=1))
    begun = [
        await backend.begin(request(f"{BILL} {number}"), Document(Call(is_submission=True)), timeout=20)
        for number in range(3)
    ]
    assert len({(await one.referred()).job_id for one in begun}) == 3
    await backend.aclose()


async def test_what_happens_to_a_document_is_told_in_its_order(classify_server: ClassifyServer) -> None:
    classify_server.job_seconds = 0.3
    backend = backend_of(classify_server)
    document = Document()
    begun = await backend.begin(request(), document, timeout=20)
    await begun.answer()
    job_id = (await begun.referred()).job_id
    assert document.stages[:2] == [(Stage.UPLOADED, None), (Stage.CREATED, job_id)]
    assert document.stages[2:] in ([], [(Stage.RUNNING, job_id)])
    await backend.aclose()


def test_transactions_are_those_of_the_first_release() -> None:
    assert transaction_id_of(request(), 0) == "f3a0a0b0dce997e0f9bdc18f9b4a3500333752b027190753fa44ea61c4445c13"
    assert (
        transaction_id_of(request(configuration_id="cfg-1"), 3)
        == "74ddba7c5b55826ac9dae0b9eb7453009b4e25527d06e948a12c8daa039f1272"
    )


async def test_no_error_and_no_log_quotes_a_document_or_the_key(
    classify_server: ClassifyServer, caplog: pytest.LogCaptureFixture
) -> None:
    classify_server.faults.request(CREATE, "lost", times=1)
    classify_server.faults.job("failed", times=1)
    backend = backend_of(classify_server, delete_after=True)
    with caplog.at_level(logging.DEBUG), pytest.raises(ClassifyError) as failed:
        await run(backend, [request()], Call(journal=DictJournal()))
    for told in (caplog.text, str(failed.value), repr(failed.value), repr(backend), repr(vars(backend))):
        assert classify_server.api_key not in told
        assert BILL not in told
    await backend.aclose()
