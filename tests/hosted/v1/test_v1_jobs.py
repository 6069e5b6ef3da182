"""v1 as a backend: one job for many documents, taken apart by document, against the server itself."""

from __future__ import annotations

import asyncio
import logging

import pytest

from classify_core import (
    ClassifyClient,
    ClassifyTimeoutError,
    InvalidOptionError,
    JobCancelledError,
    JobFailedError,
    RateLimits,
    Source,
)
from classify_core.backend import ClassifyRequest, JobReference
from classify_core.errors import NotFoundError, RejectedRequestError
from classify_core.hosted.v1 import batching, results
from classify_core.models import ClassifyConfiguration, JobStatus
from classify_core.models_v1 import V1Job
from classify_core.progress.events import Stage
from classify_core.testing.server import ClassifyServer
from tests.hosted.calls import BILL, CAKE, UPLOAD, Call, DictJournal
from tests.hosted.v1.runs import (
    CREATE,
    DELETE,
    GET,
    RESULTS,
    RULES,
    SCAN,
    CallDocument,
    begin,
    classify_all,
    jobs_of,
    outcome_of,
    request_of,
)


def _client(server: ClassifyServer) -> ClassifyClient:
    return ClassifyClient(api_key=server.api_key, base_url=server.base_url)


def _jobs(server: ClassifyServer) -> list[V1Job]:
    with _client(server) as client:
        return list(client.v1.jobs.list())


async def test_thirty_documents_are_one_job_with_an_answer_for_each(classify_server: ClassifyServer) -> None:
    texts = [f"{BILL if number % 2 else CAKE}, number {number}" for number in range(30)]
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, texts)
    assert [answer.type for answer in answers] == ["recipe", "invoice"] * 15
    assert len({answer.job_id for answer in answers}) == 1
    assert {answer.is_from_former_job for answer in answers} == {False}
    assert {answer.usage for answer in answers} == {None}
    assert classify_server.requests.count(CREATE) == 1
    assert classify_server.requests.count(RESULTS) == 1


async def test_a_call_of_unknown_length_is_one_job_too(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [f"{BILL} {number}" for number in range(30)], Call())
    assert len({answer.job_id for answer in answers}) == 1


async def test_more_documents_than_a_job_takes_are_several_jobs(
    classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MAX_FILES", 4)
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [f"{BILL} {number}" for number in range(10)])
    assert {answer.type for answer in answers} == {"invoice"}
    assert classify_server.requests.count(CREATE) == 3


async def test_two_calls_do_not_share_a_job(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        await asyncio.gather(classify_all(jobs, [BILL]), classify_all(jobs, [CAKE]))
    assert classify_server.requests.count(CREATE) == 2


async def test_other_rules_or_pages_are_another_job(classify_server: ClassifyServer) -> None:
    run = Call(expected=3)
    async with jobs_of(classify_server) as jobs:
        begun = [
            await begin(jobs, BILL, run),
            await begin(jobs, BILL, run, rules=RULES[:1]),
            await begin(jobs, BILL, run, parsing_configuration={"max_pages": 1}),
        ]
        answers = [await one.answer() for one in begun]
    assert len({answer.job_id for answer in answers}) == 3


async def test_the_same_file_twice_is_one_entry_of_the_job(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [BILL, BILL, CAKE])
    assert [answer.type for answer in answers] == ["invoice", "invoice", "recipe"]
    [job] = _jobs(classify_server)
    with _client(classify_server) as client:
        assert len(list(client.v1.jobs.results(job.id))) == 2


async def test_a_file_that_fails_alone_leaves_the_others_their_answers(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        bill, scan, cake = await classify_all(jobs, [BILL, SCAN, CAKE])
    assert (bill.type, cake.type) == ("invoice", "recipe")
    assert isinstance(scan, JobFailedError)
    assert scan.code in {"UNSUPPORTED_FILE_TYPE", "PDF_IS_BROKEN"}  # without tesseract, and with it
    assert scan.job_id == bill.job_id


async def test_a_reason_that_may_be_another_files_is_no_code(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        broken = Source.bytes(b"%PDF-1.7 and nothing more", name="broken.pdf")
        _, scan, pdf = await classify_all(jobs, [BILL, SCAN, broken])
    assert isinstance(scan, JobFailedError)
    assert isinstance(pdf, JobFailedError)
    assert (scan.code, pdf.code) == (None, None)


async def test_a_job_that_failed_or_was_cancelled_is_so_for_each_of_its_documents(
    classify_server: ClassifyServer,
) -> None:
    classify_server.faults.job("failed", times=1)
    classify_server.faults.job("cancelled", after=1)
    async with jobs_of(classify_server) as jobs:
        failed = await classify_all(jobs, [BILL, CAKE])
        cancelled = await classify_all(jobs, [f"{BILL} 2", f"{CAKE} 2"])
    assert [(type(error), error.code) for error in failed] == [(JobFailedError, "PDF_IS_BROKEN")] * 2
    assert [type(error) for error in cancelled] == [JobCancelledError] * 2
    assert failed[0] is not failed[1]  # each is given its own document's name


@pytest.mark.parametrize("mode", ["FAST", "MULTIMODAL"])
async def test_the_mode_is_sent(classify_server: ClassifyServer, mode: str) -> None:
    async with jobs_of(classify_server, mode=mode) as jobs:
        await classify_all(jobs, [BILL])
    assert _jobs(classify_server)[0].mode == mode


async def test_every_page_is_read_unless_the_caller_says_otherwise(classify_server: ClassifyServer) -> None:
    async with jobs_of(classify_server) as jobs:
        await classify_all(jobs, [BILL])
    parsing = _jobs(classify_server)[0].parsing_configuration
    assert (parsing.max_pages, parsing.target_pages, parsing.lang) == (None, None, "en")


async def test_pages_are_translated_to_those_of_v1_which_begin_at_zero(classify_server: ClassifyServer) -> None:
    parsing = {"target_pages": "1,3,5-7,6", "max_pages": 4, "lang": "de"}
    async with jobs_of(classify_server) as jobs:
        await classify_all(jobs, [BILL], parsing_configuration=parsing)
    sent = _jobs(classify_server)[0].parsing_configuration
    assert (sent.target_pages, sent.max_pages, sent.lang) == ((0, 2, 4, 5, 6), 4, "de")


async def test_what_v1_cannot_do_is_refused_before_anything_is_sent(classify_server: ClassifyServer) -> None:
    configuration = ClassifyConfiguration(rules=RULES)
    saved = ClassifyRequest(Source.file_id("dfl-1"), None, configuration, configuration_id="cfg-1")
    async with jobs_of(classify_server) as jobs:
        with pytest.raises(InvalidOptionError, match="pjb-1"):
            await begin(jobs, Source.parse_job("pjb-1"), Call())
        with pytest.raises(InvalidOptionError, match="cfg-1"):
            await jobs.begin(saved, CallDocument(Call()), timeout=5)
        with pytest.raises(InvalidOptionError, match="pages"):
            await begin(jobs, BILL, Call(), parsing_configuration={"target_pages": "1-999999999"})
    assert len(classify_server.requests) == 0


async def test_a_file_that_the_service_has_is_not_uploaded(classify_server: ClassifyServer) -> None:
    with _client(classify_server) as client:
        file = client.files.upload(BILL.encode(), name="bill.txt")
    classify_server.requests.clear()
    async with jobs_of(classify_server, delete_after=True) as jobs:
        [answer] = await classify_all(jobs, [Source.file_id(file.id)])
    assert answer.type == "invoice"
    assert classify_server.requests.count(UPLOAD) == 0
    assert classify_server.requests.count(DELETE) == 0  # it is the user's


async def test_a_file_that_the_service_does_not_have_fails_alone(classify_server: ClassifyServer) -> None:
    gone = Source.file_id("dfl-00000000-0000-4000-8000-000000000000")
    async with jobs_of(classify_server) as jobs:
        bill, unknown, cake = await classify_all(jobs, [BILL, gone, CAKE])
    assert (bill.type, cake.type) == ("invoice", "recipe")
    assert isinstance(unknown, RejectedRequestError)
    assert unknown.status == 400


async def test_results_of_several_pages_are_all_read(
    classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "RESULTS_PAGE_SIZE", 3)
    async with jobs_of(classify_server) as jobs:
        answers = await classify_all(jobs, [f"{BILL} {number}" for number in range(8)])
    assert [answer.type for answer in answers] == ["invoice"] * 8
    assert classify_server.requests.count(RESULTS) == 3


async def test_a_documents_own_time_ends_its_wait_and_no_others(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang", seconds=1.2)
    run = Call(expected=2)
    async with jobs_of(classify_server) as jobs:
        short, patient = await begin(jobs, BILL, run, timeout=0.6), await begin(jobs, CAKE, run)
        late, cake = await asyncio.gather(outcome_of(short), outcome_of(patient))
    assert isinstance(late, ClassifyTimeoutError)
    assert (late.timeout, late.job_id) == (0.6, cake.job_id)
    assert cake.type == "recipe"


async def test_a_document_that_was_given_up_before_its_job_was_made_costs_nothing(
    classify_server: ClassifyServer,
) -> None:
    async with jobs_of(classify_server) as jobs:
        waiting = asyncio.create_task((await begin(jobs, BILL, Call())).answer())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(2 * batching.LINGER_SECONDS)
    assert classify_server.requests.count(CREATE) == 0


async def test_a_plans_places_are_taken_by_jobs_and_not_by_documents(classify_server: ClassifyServer) -> None:
    limits = RateLimits(creates_per_second=None, uploads_per_5_seconds=None, concurrent_jobs=1)
    async with jobs_of(classify_server, limits=limits) as jobs:
        answers = await classify_all(jobs, [f"{BILL} {number}" for number in range(20)])
        more = await asyncio.gather(*(classify_all(jobs, [f"{CAKE} {number}"]) for number in range(3)))
    assert len({answer.job_id for answer in answers}) == 1
    assert [answer.type for [answer] in more] == ["recipe"] * 3


async def test_a_submission_is_told_its_jobs_and_collected_later(classify_server: ClassifyServer) -> None:
    run = Call(expected=30, is_submission=True)
    async with jobs_of(classify_server) as jobs:
        begun = [await begin(jobs, f"{BILL} {number}", run) for number in range(29)] + [await begin(jobs, SCAN, run)]
        references = [await one.referred() for one in begun]
    assert len({reference.job_id for reference in references}) == 1
    assert len({reference.file_id for reference in references}) == 30
    async with jobs_of(classify_server) as other:
        async with asyncio.timeout(30):
            while JobStatus.PENDING in (states := await other.states(references, timeout=10)):
                await asyncio.sleep(0.02)
        classify_server.requests.clear()
        states = await other.states(references, timeout=10)
    assert [state.type for state in states[:-1]] == ["invoice"] * 29
    assert states[0].is_from_former_job
    assert isinstance(states[-1], JobFailedError)
    assert len(classify_server.requests) == 0  # what has ended is asked once


async def test_a_job_that_is_gone_is_the_state_of_its_documents_alone(classify_server: ClassifyServer) -> None:
    gone = JobReference("00000000-0000-4000-8000-000000000000", "dfl-1")
    async with jobs_of(classify_server) as jobs:
        run = Call(expected=1)
        begun = await begin(jobs, BILL, run)
        await begun.answer()
        unknown, known = await jobs.states([gone, await begun.referred()], timeout=10)
    assert isinstance(unknown, NotFoundError)
    assert known.type == "invoice"


async def test_a_document_tells_of_its_upload_and_its_job(classify_server: ClassifyServer) -> None:
    document = CallDocument(Call(expected=1))
    async with jobs_of(classify_server) as jobs:
        await (await jobs.begin(await request_of(BILL), document, timeout=10)).answer()
    assert document.stages == [Stage.UPLOADED, Stage.CREATED]


async def test_delete_after_deletes_the_uploads_before_the_answers_are_given(classify_server: ClassifyServer) -> None:
    journal = DictJournal()
    async with jobs_of(classify_server, delete_after=True) as jobs:
        answers = await classify_all(jobs, [BILL, SCAN, CAKE], Call(expected=3, journal=journal))
        with _client(classify_server) as client:
            assert list(client.files.list()) == []
        classify_server.requests.clear()
        again = await classify_all(jobs, [BILL, CAKE], Call(expected=2, journal=journal))
    assert [answer.job_id for answer in again] == [answers[0].job_id] * 2
    assert classify_server.requests.count(UPLOAD) == 0


async def test_cancel_remote_says_once_that_v1_cannot(
    classify_server: ClassifyServer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with jobs_of(classify_server, cancel_remote=True) as jobs:
            await classify_all(jobs, [BILL])
            await classify_all(jobs, [CAKE])
    assert [record.getMessage() for record in caplog.records if "cancel" in record.getMessage()] == [
        "cancel_remote does nothing with the v1 API, which cannot cancel jobs: they are left running"
    ]


async def test_a_closed_backend_leaves_nobody_waiting(classify_server: ClassifyServer) -> None:
    classify_server.faults.job("hang")
    async with jobs_of(classify_server) as jobs:
        begun = await begin(jobs, BILL, Call(expected=1))
        reference = await begun.referred()
    error = await outcome_of(begun)
    assert type(error).__name__ == "RunStoppedError"
    assert error.job_id == reference.job_id


async def test_a_job_is_looked_at_once_for_all_its_documents_and_less_often_as_it_ages(
    classify_server: ClassifyServer,
) -> None:
    classify_server.job_seconds = 1.0
    async with jobs_of(classify_server) as jobs:
        await classify_all(jobs, [f"{BILL} {number}" for number in range(10)])
    assert 1 <= classify_server.requests.count(GET) <= 8
