"""`batch` and `abatch`: one call, in order, within bounds, and over when it is over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import (
    AuthenticationError,
    Classification,
    ClassifyError,
    InvalidOptionError,
    OutOfCreditsError,
    Rule,
    RunStoppedError,
    Source,
)
from langchain_classify import ClassifyRunnable
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import fails_on


@pytest.mark.parametrize("face", ["batch", "abatch"])
class TestBatch:
    def batch(self, face: str, runnable: ClassifyRunnable, inputs: list[Any], *args: Any, **options: Any) -> list[Any]:
        if face == "batch":
            return runnable.batch(inputs, *args, **options)
        return asyncio.run(runnable.abatch(inputs, *args, **options))

    def test_order_is_kept_and_each_distinct_document_asked_once(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        inputs = ["an invoice", "a recipe", "an invoice", "neither", Document(page_content="a recipe")]
        found = self.batch(face, ClassifyRunnable(rules, backend=backend), inputs)
        assert [one.type for one in found] == ["invoice", "recipe", "invoice", None, "recipe"]
        assert set(backend.asked.values()) == {1}

    def test_nothing_in_is_nothing_out(self, face: str, rules: list[Rule]) -> None:
        assert self.batch(face, ClassifyRunnable(rules, backend="local"), []) == []

    def test_it_keeps_to_the_classifiers_own_bound(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        inputs = [f"invoice {number}" for number in range(40)]
        self.batch(face, ClassifyRunnable(rules, backend=backend, max_concurrency=3), inputs)
        assert 1 < backend.most_at_once <= 3

    def test_it_keeps_to_a_narrower_bound_of_the_config(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        inputs = [f"invoice {number}" for number in range(11)]
        found = self.batch(face, ClassifyRunnable(rules, backend=backend), inputs, {"max_concurrency": 2})
        assert [one.digest for one in found] == [Source.text(text).reference["digest"] for text in inputs]
        assert backend.most_at_once == 2

    def test_a_wider_bound_of_the_config_does_not_loosen_the_classifiers(self, face: str, rules: list[Rule]) -> None:
        backend = ScriptedBackend()
        inputs = [f"invoice {number}" for number in range(40)]
        self.batch(face, ClassifyRunnable(rules, backend=backend), inputs, {"max_concurrency": 30})
        assert backend.most_at_once <= backend.default_concurrency

    def test_the_first_error_is_raised_after_all_were_worked_on(self, face: str, rules: list[Rule]) -> None:
        backend = fails_on("broken")
        inputs = ["invoice 1", "broken 2", "invoice 3", "broken 4", "invoice 5"]
        with pytest.raises(ClassifyError, match="no broken here"):
            self.batch(face, ClassifyRunnable(rules, backend=backend), inputs)
        assert set(backend.asked) == set(inputs)

    def test_exceptions_are_returned_in_their_places(self, face: str, rules: list[Rule]) -> None:
        runnable = ClassifyRunnable(rules, backend=fails_on("broken"))
        found = self.batch(face, runnable, ["invoice 1", "broken", 7, "invoice 3"], return_exceptions=True)
        assert [type(one) for one in found] == [Classification, ClassifyError, InvalidOptionError, Classification]

    def test_an_input_that_is_no_document_is_refused_before_anything_is_asked(
        self, face: str, rules: list[Rule]
    ) -> None:
        backend = ScriptedBackend()
        with pytest.raises(InvalidOptionError):
            self.batch(face, ClassifyRunnable(rules, backend=backend), ["an invoice", 7])
        assert not backend.asked

    @pytest.mark.parametrize("derived", [lambda made: made, lambda made: made.with_retry(), lambda made: made.map()])
    @pytest.mark.parametrize("single", ["an invoice", b"an invoice"])
    def test_a_single_document_is_refused_and_never_classified_piece_by_piece(
        self, derived: Any, single: Any, face: str, rules: list[Rule]
    ) -> None:
        backend = ScriptedBackend()
        runnable = derived(ClassifyRunnable(rules, backend=backend))
        with pytest.raises(InvalidOptionError, match="give a list of documents"):
            self.batch(face, runnable, single)
        assert not backend.asked

    def test_annotated_every_input_has_an_outcome(self, face: str, rules: list[Rule]) -> None:
        runnable = ClassifyRunnable(rules, backend=fails_on("broken"), on_failure="annotate")
        found = self.batch(face, runnable, ["invoice 1", "broken", "invoice 3"])
        assert [one.status for one in found] == ["completed", "failed", "completed"]

    @pytest.mark.parametrize("config", [None, {"max_concurrency": 1}])
    @pytest.mark.parametrize("fault", [AuthenticationError, OutOfCreditsError])
    def test_a_fault_that_would_meet_every_document_stops_the_batch(
        self, face: str, fault: type[ClassifyError], config: Any, rules: list[Rule]
    ) -> None:
        backend = fails_on("invoice", fault)
        inputs = [f"invoice {number}" for number in range(30)]
        runnable = ClassifyRunnable(rules, backend=backend, max_concurrency=2)
        found = self.batch(face, runnable, inputs, config, return_exceptions=True)
        assert isinstance(found[0], fault)
        assert isinstance(found[-1], RunStoppedError)
        assert len(found) == 30
        assert len(backend.asked) <= 2


def test_a_batch_goes_through_a_sequence_with_its_exceptions_in_place(rules: list[Rule]) -> None:
    chain = ClassifyRunnable(rules, backend=fails_on("broken")) | RunnableLambda(lambda found: found.type)
    found = chain.batch(["an invoice", "broken", "a recipe"], return_exceptions=True)
    assert found[0::2] == ["invoice", "recipe"]
    assert isinstance(found[1], ClassifyError)


@pytest.mark.parametrize("config", [None, {"max_concurrency": 2}])
async def test_cancelling_an_abatch_leaves_nothing_running(config: Any, rules: list[Rule]) -> None:
    backend = HeldBackend()
    runnable = ClassifyRunnable(rules, backend=backend)
    work = asyncio.create_task(runnable.abatch([f"invoice {number}" for number in range(3)], config))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled >= 1)
    assert not backend.asked


@pytest.mark.parametrize("call", ["abatch", "sequence", "ainvoke"])
async def test_sixty_at_once_keep_to_the_classifiers_own_bound(call: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    runnable = ClassifyRunnable(rules, backend=backend)
    inputs = [f"invoice {number}" for number in range(60)]
    if call == "ainvoke":
        found = await asyncio.gather(*(runnable.ainvoke(text) for text in inputs))
    else:
        chain = runnable if call == "abatch" else RunnableLambda(lambda text: text) | runnable
        found = await chain.abatch(inputs)
    assert len(found) == 60
    assert 1 < backend.most_at_once <= backend.default_concurrency


@pytest.mark.parametrize("given", ["an invoice", Document(page_content="an invoice"), iter(["an invoice"]), None])
@pytest.mark.parametrize("is_retried", [False, True])
async def test_what_maps_a_list_refuses_a_single_document(given: Any, *, is_retried: bool, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    runnable = ClassifyRunnable(rules, backend=backend).map()
    runnable = runnable.with_retry() if is_retried else runnable
    for call in (runnable.invoke, lambda value: asyncio.run(runnable.ainvoke(value))):
        with pytest.raises(InvalidOptionError, match="give a list of documents"):
            await asyncio.to_thread(call, given)
    assert not backend.asked


async def test_after_an_error_nothing_goes_on_in_the_background(rules: list[Rule]) -> None:
    backend = fails_on("broken")
    runnable = ClassifyRunnable(rules, backend=backend)
    with pytest.raises(ClassifyError):
        await runnable.abatch(["broken", *(f"invoice {number}" for number in range(60))])
    asked = backend.asked.total()
    assert asked == 61  # worked on before it was raised
    await runnable.ainvoke("a recipe")
    assert backend.asked.total() == asked + 1
