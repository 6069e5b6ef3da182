"""Runs over a backend whose work is jobs: what is held, what is shared, what is counted."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import pytest

from classify_core import (
    Answer,
    Classifier,
    ClassifyRequest,
    ClassifyTimeoutError,
    CreditLimitError,
    JobFailedError,
    JobUsage,
    OutOfCreditsError,
    Rule,
    Source,
    Status,
)
from classify_core.backend import DocumentContext, JobReference
from classify_core.background import background
from classify_core.progress import ProgressEvent, Stage
from tests.backends import JobScriptedBackend, ScriptedBackend, ScriptedJob, until


def test_few_documents_are_in_hand_while_many_jobs_are_open(rules: list[Rule]) -> None:
    backend = JobScriptedBackend(seconds=0.2)
    with Classifier(rules, backend=backend) as classifier:
        outcomes = classifier.classify_many([f"invoice {number}" for number in range(60)])
    assert {one.type for one in outcomes} == {"invoice"}
    assert backend.most_in_hand <= backend.documents_in_hand
    assert backend.most_waiting > 20


def test_no_more_jobs_are_open_than_max_concurrency(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend, max_concurrency=7) as classifier:
        classifier.classify_many([f"invoice {number}" for number in range(40)])
    assert backend.most_waiting <= 7


def test_an_iterable_is_fetched_no_faster_than_its_documents_are_begun_with(rules: list[Rule]) -> None:
    backend = JobScriptedBackend(seconds=0.05)
    fetched, most_ahead = 0, 0

    def feed() -> Iterator[str]:
        nonlocal fetched, most_ahead
        for number in range(200):
            fetched += 1
            most_ahead = max(most_ahead, fetched - sum(backend.asked.values()))
            yield f"invoice {number}"

    with Classifier(rules, backend=backend) as classifier:
        assert sum(1 for _ in classifier.classify_as_completed(feed())) == 200
    assert most_ahead <= 2 * backend.documents_in_hand + 1


def test_what_an_open_job_was_made_of_is_not_kept_in_memory(rules: list[Rule]) -> None:
    gate = asyncio.Event()
    backend = JobScriptedBackend(gate=gate)

    class Text(str):  # noqa: SLOT000 - a str that can be counted
        alive = 0

        def __init__(self, _: str) -> None:
            Text.alive += 1

        def __del__(self) -> None:
            Text.alive -= 1

    def feed() -> Iterator[Source]:
        for number in range(80):
            yield Source.text(Text(f"invoice {number}"))

    async def scenario() -> None:
        with Classifier(rules, backend=backend) as classifier:
            run = asyncio.create_task(classifier.aclassify_many(list_of_one_shot(feed())))
            await until(lambda: backend.waiting == 80)
            gc.collect()
            assert Text.alive <= 2
            background.run(_opened(gate))
            await run

    asyncio.run(scenario())


class list_of_one_shot:  # noqa: N801 - an iterable that keeps nothing of what it gave
    def __init__(self, sources: Iterator[Source]) -> None:
        self._sources = sources

    def __iter__(self) -> Iterator[Source]:
        return self._sources


async def _opened(gate: asyncio.Event) -> None:
    gate.set()


def test_equal_documents_share_one_job_and_one_charge(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        outcomes = classifier.classify_many(["invoice"] * 50)
        assert backend.asked == {"invoice": 1}
        assert {one.job_id for one in outcomes} == {"job-1"}
        assert classifier.usage.jobs == 1
        assert classifier.usage.documents == 50


async def test_who_waits_for_equal_work_takes_over_when_the_first_is_cancelled(rules: list[Rule]) -> None:
    gate = asyncio.Event()
    backend = JobScriptedBackend(gate=gate)
    classifier = Classifier(rules, backend=backend)
    first, second = (asyncio.create_task(classifier.aclassify("invoice")) for _ in range(2))
    await until(lambda: backend.waiting == 1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await until(lambda: backend.asked["invoice"] == 2 and backend.waiting == 1)
    background.run(_opened(gate))
    outcome = await second
    assert (outcome.type, outcome.job_id) == ("invoice", "job-1")


def test_a_failed_job_is_each_equal_documents_own_error_and_tried_once(rules: list[Rule]) -> None:
    backend = JobScriptedBackend(lambda _: JobFailedError("broken", job_id="job-7"))
    with Classifier(rules, backend=backend, on_error="record") as classifier:
        outcomes = classifier.classify_many([Source.text("x", name=name) for name in "abc"])
    assert backend.asked == {"x": 1}
    assert [str(one.error).split(",")[0] for one in outcomes] == ["document 'a'", "document 'b'", "document 'c'"]


def test_what_meets_every_document_stops_the_run_and_keeps_what_is_done(rules: list[Rule]) -> None:
    backend = JobScriptedBackend(lambda text: OutOfCreditsError("empty", status=402) if text == "5" else None)
    with Classifier(rules, backend=backend, on_error="record") as classifier:
        outcomes = classifier.classify_many([str(number) for number in range(200)])
    statuses = {one.status for one in outcomes}
    assert statuses == {Status.COMPLETED, Status.FAILED, Status.NOT_STARTED}
    assert sum(backend.asked.values()) < 20


def test_max_credits_refuses_to_begin_what_would_exceed_it(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend, max_credits=10, on_error="record") as classifier:
        outcomes = classifier.classify_many([f"invoice {number}" for number in range(30)])
        assert sum(one.status.is_success for one in outcomes) == 10
        assert sum(backend.asked.values()) == 10
        assert classifier.usage.credits == 10
    refused = [one for one in outcomes if not one.status.is_success]
    assert any(isinstance(one.error, CreditLimitError) for one in refused)
    assert all("max_credits=10" in str(one.error) for one in refused)
    assert {one.status for one in refused} == {Status.NOT_STARTED}


def test_usage_tells_what_the_service_billed(rules: list[Rule]) -> None:
    def billed(text: str) -> object:
        return Answer(type="invoice", confidence=1.0, usage=JobUsage(credits=float(len(text))))

    with Classifier(rules, backend=JobScriptedBackend(billed)) as classifier:
        classifier.classify_many(["1", "22", "333"])
        assert classifier.usage.credits == 6.0
        assert not classifier.usage.is_estimated


def test_refresh_asks_again_and_what_is_found_replaces_what_was_kept(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        classifier.classify("invoice")
        classifier.classify("invoice")
        assert backend.asked["invoice"] == 1
        classifier.classify_many(["invoice", "invoice"], refresh=True)
        assert backend.asked["invoice"] == 2
    with Classifier(rules, backend=backend, refresh=True) as classifier:
        classifier.classify("invoice")
        classifier.classify("invoice", refresh=False)
        assert backend.asked["invoice"] == 3


@pytest.mark.parametrize("is_async", [False, True])
def test_progress_is_told_where_the_call_was_made(rules: list[Rule], *, is_async: bool) -> None:
    import threading  # noqa: PLC0415 - only here

    told: list[ProgressEvent] = []
    threads: set[int] = set()

    def listen(event: ProgressEvent) -> None:
        told.append(event)
        threads.add(threading.get_ident())

    sources = [Source.text("invoice", name="a"), Source.text("invoice", name="b"), Source.text("recipe", name="c")]
    with Classifier(rules, backend=JobScriptedBackend()) as classifier:
        if is_async:
            asyncio.run(classifier.aclassify_many(sources, on_progress=listen))
        else:
            classifier.classify_many(sources, on_progress=listen)
    assert threads == {threading.get_ident()}
    stages = {name: [event.stage for event in told if event.source_name == name] for name in "abc"}
    assert stages["a"] == stages["c"] == [Stage.CREATED, Stage.DONE]
    assert stages["b"] == [Stage.CACHED]
    assert all(event.job_id for event in told if event.stage is Stage.CREATED)


def test_a_listener_that_breaks_ends_the_call_with_its_error(rules: list[Rule]) -> None:
    def broken(event: ProgressEvent) -> None:
        raise LookupError(event.stage)

    with Classifier(rules, backend=JobScriptedBackend()) as classifier, pytest.raises(LookupError):
        classifier.classify_many(["invoice"], on_progress=broken)


def test_a_run_tells_how_many_documents_to_expect_as_soon_as_it_is_known(rules: list[Rule]) -> None:
    backend = JobScriptedBackend()
    with Classifier(rules, backend=backend) as classifier:
        classifier.classify_many(["a", "b"])
        assert {context.run.expected for context in backend.contexts} == {2}
        backend.contexts.clear()
        list(classifier.classify_as_completed(iter(["c", "d", "e"])))
        assert {context.run.expected for context in backend.contexts} == {3}


def test_a_deadline_ends_a_run_whose_jobs_do_not(rules: list[Rule]) -> None:
    backend = JobScriptedBackend(gate=asyncio.Event())
    with Classifier(rules, backend=backend, on_error="record") as classifier:
        outcomes = classifier.classify_many(["invoice", "recipe"], deadline=0.05)
    assert {one.status for one in outcomes} <= {Status.TIMEOUT, Status.NOT_STARTED}
    assert all("deadline" in str(one.error) for one in outcomes)


def test_what_a_backend_cancels_of_its_own_is_that_documents_error_and_no_others(rules: list[Rule]) -> None:
    class Cancelling(JobScriptedBackend):
        async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> ScriptedJob:
            if request.content is not None and request.content.data == b"invoice 3":
                raise asyncio.CancelledError
            return await super().begin(request, context, timeout=timeout)

    sources = (f"invoice {number}" for number in range(50))
    with Classifier(rules, backend=Cancelling(), on_error="record") as classifier:
        outcomes = classifier.classify_many(sources)
    assert [index for index, one in enumerate(outcomes) if not one.status.is_success] == [3]
    assert "raised CancelledError" in str(outcomes[3].error)


async def test_who_waits_for_equal_work_is_not_bound_by_the_deadline_of_who_began_it(rules: list[Rule]) -> None:
    gate = asyncio.Event()
    backend = JobScriptedBackend(gate=gate)
    with Classifier(rules, backend=EndingAtTheDeadline(backend), on_error="record") as classifier:
        hurried = asyncio.create_task(classifier.aclassify("invoice", deadline=1.0))
        await until(lambda: backend.waiting == 1)
        patient = asyncio.create_task(classifier.aclassify("invoice"))
        assert (await hurried).status is Status.TIMEOUT
        background.run(_opened(gate))
        assert (await patient).status is Status.COMPLETED


async def test_nor_is_who_waits_for_a_backend_that_answers_at_once(rules: list[Rule]) -> None:
    gate = asyncio.Event()

    class Bounded(ScriptedBackend):
        async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
            try:
                async with asyncio.timeout(timeout):
                    return await super().classify(request, timeout=timeout)
            except TimeoutError as error:
                raise ClassifyTimeoutError("too late", timeout=timeout) from error

    backend = Bounded(gate=gate)
    with Classifier(rules, backend=backend, on_error="record") as classifier:
        hurried = asyncio.create_task(classifier.aclassify("invoice", deadline=1.0))
        await until(lambda: backend.asked)
        patient = asyncio.create_task(classifier.aclassify("invoice"))
        assert (await hurried).status is Status.TIMEOUT
        background.run(_opened(gate))
        assert (await patient).status is Status.COMPLETED


class EndingAtTheDeadline:
    """The same backend, which ends a document's wait at its call's deadline, as the hosted one does."""

    def __init__(self, backend: JobScriptedBackend) -> None:
        self._backend = backend

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> EndingJob:
        return EndingJob(await self._backend.begin(request, context, timeout=timeout), context.run.deadline)


class EndingJob:
    def __init__(self, job: ScriptedJob, deadline: float | None) -> None:
        self.is_former = job.is_former
        self._job = job
        self._deadline = deadline

    async def answer(self) -> Answer:
        seconds = None if self._deadline is None else self._deadline - time.monotonic()
        try:
            return await asyncio.wait_for(self._job.answer(), seconds)
        except TimeoutError as error:
            raise ClassifyTimeoutError("too late") from error

    async def referred(self) -> JobReference:
        return await self._job.referred()


def test_there_is_a_task_for_a_place_and_none_for_a_document(rules: list[Rule]) -> None:
    made = 0

    async def count_tasks() -> None:
        loop = asyncio.get_running_loop()

        def counted(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
            nonlocal made
            made += 1
            return asyncio.Task(work, loop=loop, **options)

        loop.set_task_factory(counted)

    async def count_no_more() -> None:
        asyncio.get_running_loop().set_task_factory(None)

    with Classifier(rules, backend=JobScriptedBackend(seconds=0.001), max_concurrency=5) as classifier:
        background.run(count_tasks())
        try:
            classifier.classify_many([f"invoice {number}" for number in range(300)])
        finally:
            background.run(count_no_more())
    assert 5 <= made <= 8
