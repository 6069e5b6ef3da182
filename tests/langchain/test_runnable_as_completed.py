"""`batch_as_completed` and `abatch_as_completed`: each document as it is done, as one call."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.runnables import ConfigurableField

from classify_core import (
    Answer,
    AuthenticationError,
    Classification,
    ClassifyError,
    ClassifyRequest,
    InvalidOptionError,
    Rule,
    RunStoppedError,
    ServerError,
    Source,
)
from langchain_classify import ClassifyRunnable
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, Recorder, fails_on


def completed(face: str, runnable: Any, inputs: list[Any], *args: Any, **options: Any) -> Iterator[tuple[int, Any]]:
    """The pairs as they come, of either face."""
    if face == "sync":
        yield from runnable.batch_as_completed(inputs, *args, **options)
        return
    with asyncio.Runner() as runner:
        pairs = runner.run(_opened(runnable, inputs, *args, **options))
        try:
            while (pair := runner.run(anext(pairs, None))) is not None:
                yield pair
        finally:
            runner.run(pairs.aclose())


async def _opened(runnable: Any, inputs: list[Any], *args: Any, **options: Any) -> Any:
    return runnable.abatch_as_completed(inputs, *args, **options)


class PatientBackend(ScriptedBackend):
    """Holds texts with "slow" in them back until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = threading.Event()

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        if request.content is not None and b"slow" in request.content.data:
            try:
                while not self.go_on.is_set():
                    await asyncio.sleep(0.002)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return await super().classify(request, timeout=timeout)


class Ended(BaseCallbackHandler):
    """Keeps how many runs began, and how each ended."""

    def __init__(self) -> None:
        self.begun = 0
        self.errors: list[BaseException | None] = []

    def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
        self.begun += 1

    def on_chain_end(self, *args: Any, **kwargs: Any) -> None:
        self.errors.append(None)

    def on_chain_error(self, error: BaseException, **kwargs: Any) -> None:
        self.errors.append(error)


def test_each_document_comes_as_it_is_done_with_its_place(face: str, rules: list[Rule]) -> None:
    backend = PatientBackend()
    pairs = completed(face, ClassifyRunnable(rules, backend=backend), ["slow invoice", "a recipe"])
    assert next(pairs)[0] == 1  # while the first one is held back
    backend.go_on.set()
    place, found = next(pairs)
    assert (place, found.type) == (0, "invoice")
    assert list(pairs) == []


def test_each_distinct_document_is_asked_once_and_all_places_come(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    inputs = ["an invoice", "a recipe", "an invoice", Document(page_content="a recipe"), "neither"]
    found = dict(completed(face, ClassifyRunnable(rules, backend=backend), inputs))
    assert [found[place].type for place in range(5)] == ["invoice", "recipe", "invoice", "recipe", None]
    assert set(backend.asked.values()) == {1}


@pytest.mark.parametrize(("config", "most"), [(None, 3), ({"max_concurrency": 2}, 2), ({"max_concurrency": 30}, 3)])
def test_it_keeps_to_the_classifiers_bound_and_to_a_narrower_one_of_the_config(
    face: str, config: Any, most: int, rules: list[Rule]
) -> None:
    backend = ScriptedBackend()
    runnable = ClassifyRunnable(rules, backend=backend, max_concurrency=3)
    found = dict(completed(face, runnable, [f"invoice {number}" for number in range(40)], config))
    assert len(found) == 40
    assert 1 < backend.most_at_once <= most


def test_a_failure_is_raised_when_it_comes_and_the_rest_is_given_up(face: str, rules: list[Rule]) -> None:
    backend = PatientBackend()
    backend.behaviour = lambda text: ClassifyError("no broken here") if "broken" in text else None
    handler = Ended()
    inputs = ["slow invoice", "broken", *(f"slow invoice {number}" for number in range(30))]
    runnable = ClassifyRunnable(rules, backend=backend)
    with pytest.raises(ClassifyError, match="no broken here"):
        list(completed(face, runnable, inputs, {"callbacks": [handler]}))
    asyncio.run(until(lambda: backend.cancelled))
    assert list(backend.asked) == ["broken"]
    assert handler.begun == len(handler.errors) == len(inputs)
    assert {type(error) for error in handler.errors} == {ClassifyError, RunStoppedError}


def test_who_stops_iterating_gives_up_the_rest(face: str, rules: list[Rule]) -> None:
    backend, handler = PatientBackend(), Ended()
    inputs = ["an invoice", "slow invoice", "slow recipe"]
    pairs = completed(face, ClassifyRunnable(rules, backend=backend), inputs, {"callbacks": [handler]})
    assert next(pairs)[0] == 0
    pairs.close()
    asyncio.run(until(lambda: backend.cancelled == 2))
    assert list(backend.asked) == ["an invoice"]
    assert [type(error) for error in handler.errors] == [type(None), RunStoppedError, RunStoppedError]


async def test_breaking_off_an_async_for_gives_up_the_rest(rules: list[Rule]) -> None:
    backend = PatientBackend()
    runnable = ClassifyRunnable(rules, backend=backend)
    async for place, _ in runnable.abatch_as_completed(["an invoice", "slow invoice"]):
        assert place == 0
        break
    gc.collect()
    await until(lambda: backend.cancelled)


async def test_cancelling_who_iterates_cancels_the_work(rules: list[Rule]) -> None:
    backend, handler = HeldBackend(), Ended()
    runnable = ClassifyRunnable(rules, backend=backend)

    async def iterate() -> None:
        async with aclosing(runnable.abatch_as_completed(["an invoice"] * 3, {"callbacks": [handler]})) as pairs:
            async for _ in pairs:
                pytest.fail("nothing is done")

    work = asyncio.create_task(iterate())
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled)
    assert not backend.asked
    assert handler.begun == len(handler.errors) == 3


@pytest.mark.parametrize("config", [None, {"max_concurrency": 1}])
def test_with_return_exceptions_errors_come_in_their_places(face: str, config: Any, rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("broken"))
    inputs = ["invoice 1", "broken", 7, "invoice 3"]
    found = dict(completed(face, runnable, inputs, config, return_exceptions=True))
    kinds = [type(found[place]) for place in range(4)]
    assert kinds == [Classification, ClassifyError, InvalidOptionError, Classification]


def test_an_input_that_is_no_document_is_refused_before_anything_is_asked(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    with pytest.raises(InvalidOptionError, match="int"):
        list(completed(face, ClassifyRunnable(rules, backend=backend), ["an invoice", 7]))
    assert not backend.asked


def test_annotated_failures_are_outcomes(face: str, rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("broken"), on_failure="annotate")
    found = dict(completed(face, runnable, ["invoice 1", "broken"]))
    assert [found[place].status for place in range(2)] == ["completed", "failed"]


def test_a_wrong_key_stops_the_batch_also_under_a_bound(face: str, rules: list[Rule]) -> None:
    backend = fails_on("invoice", AuthenticationError)
    runnable = ClassifyRunnable(rules, backend=backend)
    inputs = [f"invoice {number}" for number in range(30)]
    found = dict(completed(face, runnable, inputs, {"max_concurrency": 1}, return_exceptions=True))
    assert isinstance(found[0], AuthenticationError)
    assert isinstance(found[29], RunStoppedError)
    assert len(backend.asked) == 1


def test_each_run_is_begun_at_once_and_ended_as_its_document_is_done(face: str, rules: list[Rule]) -> None:
    backend, recorder = PatientBackend(), Recorder()
    inputs = [Document(page_content=f"slow {INVOICE_TEXT}", metadata={"source": "acme.pdf"}), RECIPE_TEXT]
    runnable = ClassifyRunnable(rules, backend=backend)
    pairs = completed(face, runnable, inputs, {"callbacks": [recorder], "tags": ["mail"]})
    _, found = next(pairs)
    assert len(recorder.run_map) == 1  # still open
    [ended] = recorder.runs
    assert (ended.inputs["digest"], ended.outputs, ended.tags) == (found.digest, {"output": found}, ["mail"])
    backend.go_on.set()
    list(pairs)
    assert [run.inputs["name"] for run in recorder.runs] == [None, "acme.pdf"]
    assert SECRET_WORDS not in recorder.told()


def test_each_input_may_have_a_config_of_its_own(face: str, rules: list[Rule]) -> None:
    recorders = [Recorder(), Recorder()]
    configs = [{"callbacks": [recorder], "run_name": f"run {n}"} for n, recorder in enumerate(recorders)]
    runnable = ClassifyRunnable(rules, backend="local")
    found = dict(completed(face, runnable, [INVOICE_TEXT, RECIPE_TEXT], configs))
    for place, recorder in enumerate(recorders):
        [run] = recorder.runs
        assert (run.name, run.inputs["digest"]) == (f"run {place}", found[place].digest)
    with pytest.raises(ValueError, match="2 configs for 1 inputs"):
        list(completed(face, runnable, [INVOICE_TEXT], configs))


def test_what_is_derived_gives_up_the_rest_too(face: str, rules: list[Rule]) -> None:
    def derived(runnable: ClassifyRunnable) -> Iterator[Any]:
        yield runnable.with_config(tags=["a"])
        yield runnable.with_retry()
        yield runnable.with_fallbacks([runnable])
        yield runnable.configurable_fields(min_confidence=ConfigurableField(id="least"))

    backend = PatientBackend()
    for number, runnable in enumerate(derived(ClassifyRunnable(rules, backend=backend, cache=False)), start=1):
        pairs = completed(face, runnable, ["an invoice", "slow invoice"])
        assert next(pairs)[0] == 0
        pairs.close()
        asyncio.run(until(lambda number=number: backend.cancelled == number))


async def test_the_loop_runs_on_meanwhile(rules: list[Rule]) -> None:
    backend = PatientBackend()

    async def release() -> AsyncIterator[None]:
        await until(lambda: backend.asked)
        backend.go_on.set()
        yield

    released = asyncio.create_task(anext(release()))
    runnable = ClassifyRunnable(rules, backend=backend)
    found = {place: one.type async for place, one in runnable.abatch_as_completed(["slow invoice", "a recipe"])}
    await released
    assert found == {0: "invoice", 1: "recipe"}


def test_a_server_error_of_one_document_is_named_by_its_place(face: str, rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("broken", ServerError))
    inputs = ["invoice", Source.text("broken", name="7.eml"), "broken again"]
    found = dict(completed(face, runnable, inputs, return_exceptions=True))
    assert "'7.eml'" in str(found[1])
    assert "'number 3'" in str(found[2])
