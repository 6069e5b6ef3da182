"""What the hosted backend promises its users, by the public API alone and counted at the server."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document as LangChainDocument
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document as LlamaIndexDocument

from classify_core import (
    Classifier,
    ClassifyClient,
    ClassifyJob,
    ClassifyTimeoutError,
    HostedBackend,
    InvalidOptionError,
    JobFailedError,
    OutOfCreditsError,
    ProgressEvent,
    RateLimitError,
    RateLimits,
    Rule,
    Source,
    Stage,
    Status,
)
from classify_core.testing.server import ClassifyServer
from langchain_classify import ClassifyDocumentTransformer
from llama_index_classify import ClassifyTransform
from tests.pricing.documents import pdf
from tests.service import ClassifyService

CREATE, UPLOAD, LIST = "POST /api/v2/classify", "POST /api/v1/beta/files", "GET /api/v2/classify"
BILL = "Invoice number 7: line items, tax, the total amount due"
ROOT = Path(__file__).parents[2]
UNLIMITED = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)
UNDER_WAY = {"PENDING", "RUNNING"}

# What begins each program here that runs in a process of its own; the key comes in the environment.
PREAMBLE = """
import sys
from classify_core import Classifier, JobHandle, Rule
rules = [
    Rule(type="invoice", description="A bill with an invoice number, line items, tax and the total amount due."),
    Rule(type="recipe", description="A cooking recipe with ingredients, quantities and steps of preparation."),
]
documents = [f"Invoice number 7: line items, tax, the total amount due, number {number}" for number in range(6)]
"""


def _classifier(server: ClassifyServer | ClassifyService, rules: list[Rule], **options: Any) -> Classifier:
    return Classifier(rules, backend="hosted", base_url=server.base_url, api_key=server.api_key, **options)


def _bills(count: int) -> list[str]:
    return [f"{BILL}, number {number}" for number in range(count)]


def _client(server: ClassifyServer) -> ClassifyClient:
    return ClassifyClient(base_url=server.base_url, api_key=server.api_key)


def _jobs(server: ClassifyServer) -> list[ClassifyJob]:
    with _client(server) as client:
        return list(client.jobs.list())


def _program(server: ClassifyServer, code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", PREAMBLE + code, *arguments],
        cwd=ROOT,
        env=os.environ | server.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_everybody_who_uses_a_key_is_paced_together(classify_server: ClassifyServer, rules: list[Rule]) -> None:
    limits = RateLimits(creates_per_second=5, uploads_per_5_seconds=None)
    classify_server.limits = limits

    def classify(mark: str) -> int:
        with _classifier(classify_server, rules, plan=limits) as classifier:
            return len(classifier.classify_many([f"{mark} {bill}" for bill in _bills(4)]))

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(classify, ["one", "two"])) == [4, 4]
    assert classify_server.requests.count(CREATE) == 8
    assert {request.status for request in classify_server.requests} <= {200, 201}


async def test_one_watcher_looks_at_the_jobs_of_two_classifiers_together(rules: list[Rule]) -> None:
    with ClassifyService(seconds_until_done=0.4) as service:
        async with _classifier(service, rules) as first, _classifier(service, rules[:1]) as second:
            await asyncio.gather(first.aclassify("an invoice"), second.aclassify("an invoice"))
        listed = [set(request.query["job_ids"]) for request in service.requests_to(LIST) if "job_ids" in request.query]
        assert set(service.jobs) in listed
        assert len(service.jobs) == 2


def test_a_documents_timeout_does_not_count_the_wait_for_a_limit_and_the_wait_is_told(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    plan = RateLimits(creates_per_second=1, uploads_per_5_seconds=None)
    events = list[ProgressEvent]()
    with _classifier(classify_server, rules, plan=plan, timeout=1.5) as classifier:
        outcomes = classifier.classify_many(_bills(3), on_progress=events.append)  # the third waits for two seconds
    assert [outcome.type for outcome in outcomes] == ["invoice"] * 3
    waits = [event.seconds for event in events if event.stage is Stage.WAITING]
    assert any(seconds is not None and seconds > 0.5 for seconds in waits)


def test_a_documents_timeout_does_not_count_the_wait_for_a_place_in_the_plan(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.job_seconds = 0.5
    with _classifier(classify_server, rules, plan=RateLimits(concurrent_jobs=1), timeout=1.4) as classifier:
        assert [one.type for one in classifier.classify_many(_bills(3))] == ["invoice"] * 3
    assert classify_server.requests.count(CREATE) == 3


async def test_a_deadline_ends_a_run_with_the_same_error_in_sync_and_async(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.faults.job("hang")
    with _classifier(classify_server, rules, on_error="record") as classifier:
        waited = await asyncio.to_thread(classifier.classify_many, _bills(3), deadline=0.6)
        awaited = await classifier.aclassify_many(_bills(3), deadline=0.6)
    assert {type(one.error) for one in waited + awaited} == {ClassifyTimeoutError}
    assert len(_jobs(classify_server)) == 3


INTERRUPTED = """
cache, cancel_remote = sys.argv[1:]
with Classifier(rules, backend="hosted", cache=cache, cancel_remote=bool(cancel_remote)) as classifier:
    classifier.classify_many(documents, on_progress=lambda event: print(event.stage.value))
"""


def _interrupt(server: ClassifyServer, cache: Path, *, cancel_remote: str = "") -> None:
    """Two of six documents are done, the jobs of the others run, and then comes Ctrl-C."""
    server.faults.job("hang", after=2)
    told = Counter[str]()
    with _program(server, INTERRUPTED, str(cache), cancel_remote) as process:
        assert process.stdout is not None
        while told["done"] < 2 or told["created"] < 6:
            line = process.stdout.readline()
            assert line, "it ended before its time"
            told[line.strip()] += 1
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors


@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl-C for a single process")
def test_after_ctrl_c_the_next_run_has_what_arrived_and_finds_the_jobs_that_go_on(
    classify_server: ClassifyServer, rules: list[Rule], tmp_path: Path
) -> None:
    cache = tmp_path / "answers.sqlite"
    _interrupt(classify_server, cache)
    left = {job.id: job.status.value for job in _jobs(classify_server)}
    assert Counter(status in UNDER_WAY for status in left.values()) == {True: 4, False: 2}
    stages = Counter[Stage]()
    with _classifier(classify_server, rules, cache=cache, on_error="record") as classifier:
        outcomes = classifier.classify_many(
            _bills(6), deadline=1.0, on_progress=lambda event: stages.update([event.stage])
        )
    assert stages[Stage.CACHED] == 2
    assert Counter(outcome.status for outcome in outcomes) == {Status.COMPLETED: 2, Status.TIMEOUT: 4}
    assert {outcome.job_id or outcome.error.job_id for outcome in outcomes} == set(left)
    assert len(_jobs(classify_server)) == 6


@pytest.mark.skipif(sys.platform == "win32", reason="no Ctrl-C for a single process")
def test_cancel_remote_cancels_on_ctrl_c_what_is_under_way(classify_server: ClassifyServer, tmp_path: Path) -> None:
    _interrupt(classify_server, tmp_path / "answers.sqlite", cancel_remote="yes")
    assert Counter(job.status.value for job in _jobs(classify_server)) == {"COMPLETED": 2, "CANCELLED": 4}


async def test_a_cancelled_task_leaves_its_jobs_to_the_next_run(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.job_seconds = 1.0
    created = asyncio.Event()
    async with _classifier(classify_server, rules) as classifier:
        task = asyncio.create_task(
            classifier.aclassify(
                BILL, on_progress=lambda event: created.set() if event.stage is Stage.CREATED else None
            )
        )
        await created.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    [job] = _jobs(classify_server)
    assert job.status.value in UNDER_WAY
    async with _classifier(classify_server, rules) as classifier:
        assert (await classifier.aclassify(BILL)).job_id == job.id


def test_delete_after_leaves_neither_file_nor_job(classify_server: ClassifyServer, rules: list[Rule]) -> None:
    with _classifier(classify_server, rules, delete_after=True) as classifier:
        assert [one.type for one in classifier.classify_many(_bills(3))] == ["invoice"] * 3
    assert classify_server.requests.count(CREATE) == 3
    with _client(classify_server) as client:
        assert not list(client.jobs.list())
        assert not list(client.files.list())


def test_an_upload_carries_its_digest_and_no_folder(
    classify_server: ClassifyServer, rules: list[Rule], tmp_path: Path
) -> None:
    path = tmp_path / "customer Smith" / "bill.txt"
    path.parent.mkdir()
    path.write_text(BILL)
    with _classifier(classify_server, rules) as classifier:
        one = classifier.classify(path)
    with _client(classify_server) as client:
        [file] = client.files.list()
    assert file.external_file_id is not None
    assert hashlib.sha256(BILL.encode()).hexdigest() in file.external_file_id
    assert one.digest in file.external_file_id
    assert not {"Smith", str(tmp_path)} & {file.name, file.external_file_id}
    assert "Smith" not in file.model_dump_json()


COLLECTED = """
handles = [JobHandle.model_validate_json(line) for line in sys.stdin]
with Classifier(rules, backend="hosted", cache=False) as classifier:
    for one in classifier.collect(handles):
        print(one.job_status or one.classification.type)
"""


def test_handles_are_collected_by_another_process(classify_server: ClassifyServer, rules: list[Rule]) -> None:
    classify_server.faults.job("hang", after=2)
    with _classifier(classify_server, rules) as classifier:
        handles = classifier.submit(_bills(3))
    order = [job.id for job in sorted(_jobs(classify_server), key=lambda job: job.created_at)]
    stored = "".join(f"{handle.model_dump_json()}\n" for handle in handles)
    assert classify_server.api_key not in stored
    with _client(classify_server) as client:
        for job_id in order[:2]:
            client.jobs.wait(job_id)
    with _program(classify_server, COLLECTED) as process:
        told, errors = process.communicate(stored)
    expected = {order[0]: "invoice", order[1]: "invoice", order[2]: "RUNNING"}
    assert told.split() == [expected[handle.job_id] for handle in handles], errors
    assert classify_server.requests.count(CREATE) == 3


SHARED = """
with Classifier(rules, backend="hosted", cache=False) as classifier:
    sys.stdin.readline()
    print(*[one.job_id for one in classifier.classify_many(documents)])
"""


def test_two_processes_with_the_same_files_at_the_same_time_make_one_job_each(
    classify_server: ClassifyServer,
) -> None:
    with _program(classify_server, SHARED) as first, _program(classify_server, SHARED) as second:
        for process in (first, second):
            process.stdin.write("\n")
            process.stdin.flush()
        told = [process.communicate(timeout=30) for process in (first, second)]
    [one, other] = [answer.split() for answer, _ in told]
    assert one == other, told
    assert set(one) == {job.id for job in _jobs(classify_server)}
    assert len(set(one)) == 6


def test_the_estimate_is_what_is_billed_and_nothing_is_sent_for_it(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    sources = [Source.bytes(pdf(4, mark="a"), name="a.pdf"), Source.bytes(pdf(1, mark="b"), name="b.pdf"), BILL, BILL]
    with _classifier(classify_server, rules, parsing={"max_pages": 3}, usage=True) as classifier:
        estimate = classifier.estimate(sources)
        assert len(classify_server.requests) == 0
        classifier.classify_many(sources)
        billed = classifier.usage
        assert classifier.estimate(sources).credits == 0
    assert (estimate.credits, billed.credits, billed.is_estimated) == (5, 5, False)


def test_max_credits_begins_nothing_that_the_estimate_says_would_exceed_it(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    with _classifier(classify_server, rules, max_credits=3, on_error="record") as classifier:
        outcome = classifier.classify(Source.bytes(pdf(4), name="long.pdf"))
    assert outcome.status is Status.NOT_STARTED
    assert len(classify_server.requests) == 0


@pytest.mark.parametrize(
    ("status", "detail", "error"),
    [(402, "out of credits", OutOfCreditsError), (429, "Plan limit exceeded: upgrade your plan", RateLimitError)],
)
def test_what_waiting_does_not_cure_stops_the_run_at_once_and_keeps_what_is_done(
    classify_server: ClassifyServer, rules: list[Rule], status: int, detail: str, error: type[Exception]
) -> None:
    with _classifier(classify_server, rules, max_concurrency=1, on_error="record") as classifier:
        classify_server.faults.request(CREATE, "error", status=status, detail=detail, after=2)
        outcomes = classifier.classify_many(_bills(8))
        assert classify_server.requests.count(CREATE) == 3
        assert Counter(one.status for one in outcomes) == {
            Status.COMPLETED: 2,
            Status.FAILED: 1,
            Status.NOT_STARTED: 5,
        }
        assert [type(one.error) for one in outcomes if one.status is Status.FAILED] == [error]
        classify_server.faults.clear()
        assert {one.type for one in classifier.classify_many(_bills(8))} == {"invoice"}
    assert classify_server.requests.count(CREATE) == 9  # of what was done no job is asked for again


def test_a_failed_job_is_made_again_only_when_it_is_asked_for(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    classify_server.faults.job("failed", error="PDF_IS_BROKEN: injected", times=1)
    for _ in range(2):
        with _classifier(classify_server, rules) as classifier, pytest.raises(JobFailedError):
            classifier.classify(BILL)
        assert len(_jobs(classify_server)) == 1
    for _ in range(2):
        with _classifier(classify_server, rules, retry_failed=True) as classifier:
            assert classifier.classify(BILL).type == "invoice"
        assert len(_jobs(classify_server)) == 2


async def test_500_calls_at_once_are_a_job_a_document_and_few_connections(rules: list[Rule]) -> None:
    with ClassifyService() as service:
        async with _classifier(service, rules, plan=UNLIMITED) as classifier:
            texts = [f"invoice {number % 250}" for number in range(500)]
            outcomes = await asyncio.gather(*map(classifier.aclassify, texts))
        assert [outcome.type for outcome in outcomes] == ["invoice"] * 500
        assert len(service.jobs) == len(service.requests_to(CREATE)) == len(service.requests_to(UPLOAD)) == 250
        assert service.connections <= 64


@pytest.mark.filterwarnings("ignore:api=.v1. is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("submits", "collects"), [("v1", "v2"), ("v2", "v1")])
def test_handles_are_collected_by_the_api_that_they_were_submitted_to(
    classify_server: ClassifyServer, rules: list[Rule], submits: str, collects: str
) -> None:
    service = {"base_url": classify_server.base_url, "api_key": classify_server.api_key}
    with Classifier(rules, backend=HostedBackend(api=submits, **service)) as classifier:
        handles = classifier.submit(_bills(2))
    with (
        Classifier(rules, backend=HostedBackend(api=collects, **service)) as classifier,
        pytest.raises(InvalidOptionError, match=f'api="{submits}"'),
    ):
        classifier.collect(handles)


@pytest.mark.filterwarnings("ignore:api=.v1. is deprecated:DeprecationWarning")
def test_documents_carry_the_same_metadata_whichever_api_was_used(
    classify_server: ClassifyServer, rules: list[Rule]
) -> None:
    told = []
    for api in ("v1", "v2"):
        backend = HostedBackend(api=api, base_url=classify_server.base_url, api_key=classify_server.api_key)
        labelled = ClassifyTransform(rules, backend=backend)([LlamaIndexDocument(text=bill) for bill in _bills(2)])
        told.append([document.metadata for document in labelled])
    v1, v2 = told
    assert [set(metadata) for metadata in v1] == [set(metadata) for metadata in v2]
    assert len({metadata.pop("classify_job_id") for metadata in v1 + v2}) == 3  # v1's one job, and one each
    assert v1 == v2
    assert v1[0]["classify_backend"] == "hosted"
    assert v1[0]["classify_type"] == "invoice"


def _llama_index_types(classifier: Classifier, chunks: list[str]) -> list[Any]:
    whole = LlamaIndexDocument(text="\n\n\n".join(chunks), metadata={"file_path": "one.pdf"})
    splitter = SentenceSplitter(chunk_size=32, chunk_overlap=0, include_metadata=False)
    return [node.metadata["classify_type"] for node in ClassifyTransform(classifier=classifier)(splitter([whole]))]


def _langchain_types(classifier: Classifier, chunks: list[str]) -> list[Any]:
    pages = [
        LangChainDocument(page_content=chunk, metadata={"source": "one.pdf", "page": page})
        for page, chunk in enumerate(chunks)
    ]
    transformer = ClassifyDocumentTransformer(classifier=classifier)
    return [page.metadata["classify_type"] for page in transformer.transform_documents(pages)]


@pytest.mark.parametrize("types_of", [_llama_index_types, _langchain_types])
def test_one_pdf_in_many_chunks_is_one_job(
    classify_server: ClassifyServer, rules: list[Rule], types_of: Callable[[Classifier, list[str]], list[Any]]
) -> None:
    with _classifier(classify_server, rules) as classifier:
        types = types_of(classifier, _bills(300))
    assert set(types) == {"invoice"}
    assert len(types) >= 300
    assert classify_server.requests.count(CREATE) == classify_server.requests.count(UPLOAD) == 1
