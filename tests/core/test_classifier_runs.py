"""Runs over many documents: when outcomes come, what they cost in memory, and what ends them."""

from __future__ import annotations

import asyncio
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator

import pytest

from classify_core import (
    Answer,
    BatchError,
    Classifier,
    ClassifyConfiguration,
    ClassifyError,
    InvalidOptionError,
    JobFailedError,
    NotFoundError,
    Rule,
    RunStoppedError,
    Source,
    Status,
)
from classify_core import run as run_module
from classify_core.background import background
from tests.backends import ScriptedBackend


def test_outcomes_come_while_the_next_sources_are_still_to_come(rules: list[Rule]) -> None:
    done = threading.Event()

    class Telling(ScriptedBackend):
        def _answer(self, text: str, configuration: ClassifyConfiguration) -> Answer:
            threading.Timer(0.05, done.set).start()
            return super()._answer(text, configuration)

    def feed() -> Iterator[str]:
        for number in range(3):
            if number > 0:
                assert done.wait(10)  # a feed that waits until its last document is done
                done.clear()
            yield f"invoice {number}"

    seen = []
    with Classifier(rules, backend=Telling(), max_concurrency=50) as classifier:
        for index, _ in classifier.classify_as_completed(feed()):
            seen.append(index)
    assert sorted(seen) == [0, 1, 2]


async def test_an_async_feed_may_wait_for_the_outcome_of_what_it_gave(rules: list[Rule]) -> None:
    seen: asyncio.Queue[int] = asyncio.Queue()

    async def feed() -> AsyncIterator[str]:
        for number in range(5):
            yield f"invoice {number}"
            assert await asyncio.wait_for(seen.get(), 10) == number

    async with Classifier(rules, backend=ScriptedBackend(), max_concurrency=50) as classifier:
        async for index, _ in classifier.aclassify_as_completed(feed()):
            seen.put_nowait(index)


def test_closing_while_documents_are_open_keeps_what_is_done(rules: list[Rule]) -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    classifier = Classifier(rules, backend=backend, on_error="record", max_concurrency=2)
    outcomes = []

    def work() -> None:
        outcomes.extend(classifier.classify_many(["first", "second", "third", "fourth"]))

    working = threading.Thread(target=work)
    working.start()
    while len(backend.asked) < 2:
        threading.Event().wait(0.001)
    classifier.close()
    working.join(10)
    assert [one.status for one in outcomes] == [Status.NOT_STARTED] * 4
    assert all(isinstance(one.error, (RunStoppedError, InvalidOptionError)) for one in outcomes)


async def test_closing_ends_a_single_wait_with_an_error_and_not_with_a_cancellation(rules: list[Rule]) -> None:
    backend = ScriptedBackend(gate=asyncio.Event())
    classifier = Classifier(rules, backend=backend)
    waiting = asyncio.create_task(classifier.aclassify("text"))
    while not backend.asked:
        await asyncio.sleep(0.001)
    await classifier.aclose()
    with pytest.raises(RunStoppedError, match="closed"):
        await waiting


class BrokenCache:
    async def get(self, key: str) -> Answer | None:
        raise ConnectionError(key)

    async def put(self, key: str, answer: Answer) -> None:
        raise ConnectionError(key)


def test_a_cache_that_fails_loses_no_answer(rules: list[Rule]) -> None:
    classifier = Classifier(rules, backend=ScriptedBackend(), cache=BrokenCache())
    assert [one.type for one in classifier.classify_many(["invoice", "recipe"])] == ["invoice", "recipe"]


def test_something_that_is_no_document_among_a_stream_is_its_own_failure(rules: list[Rule]) -> None:
    classifier = Classifier(rules, backend=ScriptedBackend(), on_error="record")
    outcomes = classifier.classify_many(item for item in ["invoice", 7, "recipe"])
    assert [one.type for one in outcomes] == ["invoice", None, "recipe"]
    assert outcomes[1].status is Status.FAILED
    assert "number 2" in str(outcomes[1].error)


def test_equal_documents_that_fail_are_tried_once_in_a_run(rules: list[Rule]) -> None:
    backend = ScriptedBackend(lambda _: JobFailedError("broken"))
    outcomes = Classifier(rules, backend=backend, on_error="record").classify_many(["bad"] * 50)
    assert backend.asked == {"bad": 1}
    assert [str(one.error) for one in outcomes] == [f"document 'number {n}': broken" for n in range(1, 51)]


@pytest.mark.parametrize("call", ["classify", "classify_many", "classify_as_completed"])
def test_a_misspelt_on_error_is_refused_on_each_call(rules: list[Rule], call: str) -> None:
    classifier = Classifier(rules, backend=ScriptedBackend())
    given = "text" if call == "classify" else ["text"]
    with pytest.raises(InvalidOptionError, match="rise"):
        list(getattr(classifier, call)(given, on_error="rise"))


def test_a_bound_that_is_none_is_refused_on_each_call(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError, match="max_concurrency"):
        Classifier(rules, backend=ScriptedBackend()).classify_many(["text"], max_concurrency=0)


@pytest.mark.parametrize("call", ["classify", "classify_many"])
def test_every_sync_call_from_inside_a_backend_is_refused_instead_of_waiting_for_itself(
    rules: list[Rule], call: str
) -> None:
    inner = Classifier(rules, backend=ScriptedBackend())

    def calls_back(text: str) -> Answer:
        getattr(inner, call)(text if call == "classify" else [text])
        raise AssertionError

    outer = Classifier(rules, backend=ScriptedBackend(calls_back))
    with pytest.raises(ClassifyError, match="inside a backend"):
        outer.classify("text")


@pytest.mark.parametrize("fails", [False, True])
def test_memory_does_not_grow_with_the_number_of_documents(rules: list[Rule], *, fails: bool) -> None:
    backend = ScriptedBackend((lambda _: JobFailedError("broken")) if fails else None)
    classifier = Classifier(rules, backend=backend, on_error="record", cache=False)

    def feed() -> Iterator[bytes]:
        for number in range(1500):
            yield f"{number} ".encode() + b"x" * 20_000

    tracemalloc.start()
    try:
        for _ in classifier.classify_as_completed(feed()):
            backend.asked.clear()  # the backend's own notes
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 15_000_000  # all documents together have 30 MB


class Unloadable(ScriptedBackend):
    def __init__(self) -> None:
        super().__init__()
        self.loads = 0

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        self.loads += 1
        await asyncio.sleep(0.01)
        raise NotFoundError("there is no such configuration")


def test_rules_that_cannot_be_loaded_are_an_error_or_an_outcome_for_each_document() -> None:
    backend = Unloadable()
    classifier = Classifier(configuration_id="cfg-1", backend=backend)
    with pytest.raises(NotFoundError):
        classifier.classify_many(["a", "b"])
    backend.loads = 0
    outcomes = classifier.classify_many([str(number) for number in range(30)], on_error="record")
    assert [one.status for one in outcomes] == [Status.NOT_STARTED] * 30
    assert backend.loads == 1
    with pytest.raises(NotFoundError):
        classifier.classify("a")


def test_rules_are_loaded_once_for_all_threads(rules: list[Rule]) -> None:
    class Slow(Unloadable):
        async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
            self.loads += 1
            await asyncio.sleep(0.02)
            return ClassifyConfiguration(rules=tuple(rules))

    backend = Slow()
    classifier = Classifier(configuration_id="cfg-1", backend=backend)
    threads = [threading.Thread(target=classifier.classify, args=("invoice",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert backend.loads == 1


def test_an_iterable_that_breaks_ends_the_run_with_its_own_error(rules: list[Rule]) -> None:
    def feed() -> Iterator[str]:
        yield "invoice"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="disk is gone"):
        Classifier(rules, backend=ScriptedBackend()).classify_many(feed())


def test_failures_are_named_by_their_place_where_they_have_no_name(rules: list[Rule]) -> None:
    backend = ScriptedBackend(lambda text: JobFailedError("broken") if "bad" in text else None)
    with pytest.raises(BatchError, match="document 'number 2': broken"):
        Classifier(rules, backend=backend).classify_many(["invoice", b"bad"])
    with pytest.raises(JobFailedError, match=r"^broken$"):
        Classifier(rules, backend=backend).classify(b"bad")


def test_documents_cut_off_by_a_deadline_keep_their_own_names(rules: list[Rule]) -> None:
    classifier = Classifier(rules, backend=ScriptedBackend(gate=asyncio.Event()), max_concurrency=2)
    sources = [Source.text(str(number), name=f"{number}.txt") for number in range(6)]
    outcomes = classifier.classify_many(sources, on_error="record", deadline=0.02)
    assert [one.source_name for one in outcomes] == [f"{number}.txt" for number in range(6)]
    assert all(f"'{number}.txt'" in str(one.error) for number, one in enumerate(outcomes))
    assert {one.status for one in outcomes} <= {Status.TIMEOUT, Status.NOT_STARTED}
    assert len({id(one.error) for one in outcomes}) == 6


@pytest.mark.parametrize("limit", [0.0005, 0.001, 0.002, 0.004])
def test_no_document_escapes_a_deadline_that_ends_while_it_is_begun(
    rules: list[Rule], limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "GRACE_SECONDS", 0.0)
    for _ in range(20):
        backend = ScriptedBackend(gate=asyncio.Event())
        classifier = Classifier(rules, backend=backend, on_error="record", max_concurrency=50)
        outcomes = classifier.classify_many([str(number) for number in range(20)], deadline=limit)
        assert {one.status for one in outcomes} <= {Status.TIMEOUT, Status.NOT_STARTED}


def test_rules_that_cannot_be_loaded_name_each_document_by_its_own_name() -> None:
    classifier = Classifier(configuration_id="cfg-1", backend=Unloadable(), on_error="record")
    outcomes = classifier.classify_many([Source.text("x", name=f"{number}.txt") for number in range(10)])
    assert [str(one.error).partition(":")[0] for one in outcomes] == [f"document '{n}.txt'" for n in range(10)]


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
def test_whatever_a_backend_raises_is_one_documents_failure(rules: list[Rule], raised: BaseException) -> None:
    def behaviour(text: str) -> None:
        if text == "bad":
            raise raised

    classifier = Classifier(rules, backend=ScriptedBackend(behaviour), on_error="record")
    outcomes = classifier.classify_many(["invoice", "bad", "recipe"])
    assert [one.type for one in outcomes] == ["invoice", None, "recipe"]
    assert outcomes[1].status is Status.FAILED
    assert type(raised).__name__ in str(outcomes[1].error)
    assert classifier.classify("another invoice").type == "invoice"


def test_a_run_keeps_what_another_run_found_out_for_it(rules: list[Rule]) -> None:
    gate = asyncio.Event()
    backend = ScriptedBackend(gate=gate)
    classifier = Classifier(rules, backend=backend, cache=False, max_concurrency=2)
    first = threading.Thread(target=classifier.classify, args=("invoice",))
    first.start()
    while not backend.asked:
        threading.Event().wait(0.001)
    outcomes: list[object] = []
    second = threading.Thread(
        target=lambda: outcomes.extend(classifier.classify_many(["invoice", *map(str, range(8)), "invoice"]))
    )
    second.start()
    threading.Event().wait(0.05)
    background.run(_open(gate))
    first.join()
    second.join()
    assert len(outcomes) == 10
    assert backend.asked["invoice"] == 1


async def _open(gate: asyncio.Event) -> None:
    gate.set()
