"""Configured at run time: equal values are one classifier, one bound and one batch; all share the connections."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnableParallel

from classify_core import AuthenticationError, ClassifyError, Rule, RunStoppedError
from langchain_classify import ClassifyRunnable
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, Recorder, fails_on
from tests.langchain.suites.runnable import BATCH_FACES, Face, every_batch_face, every_face

if TYPE_CHECKING:
    from tests.service import ClassifyService

LEAST = ConfigurableField(id="least", name="Least confidence", description="Below it the type is withheld.")
STRICT = {"configurable": {"least": 0.95}}


def configurable(rules: list[Rule], backend: Any, **options: Any) -> Any:
    return ClassifyRunnable(rules, backend=backend, **options).configurable_fields(
        min_confidence=LEAST, rules=ConfigurableField(id="rules"), backend=ConfigurableField(id="backend")
    )


@every_face
def test_a_threshold_is_configured_for_one_call(face: Face, rules: list[Rule]) -> None:
    runnable = configurable(rules, ScriptedBackend())
    assert face(runnable, "an invoice").status == "completed"
    assert face(runnable, "an invoice", STRICT).status == "below_threshold"
    assert face(runnable, "an invoice").status == "completed"


@every_face
def test_rules_and_backend_are_configured_for_one_call(face: Face, rules: list[Rule]) -> None:
    runnable = configurable(rules, ScriptedBackend())
    letters = [Rule(type="letter", description="A letter to a person.")]
    assert face(runnable, "a letter", {"configurable": {"rules": letters}}).type == "letter"
    assert face(runnable, INVOICE_TEXT, {"configurable": {"backend": "local"}}).backend == "local/lexical"


@every_batch_face
def test_a_configured_batch_is_one_call_within_the_classifiers_bound(face: Face, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    inputs = [f"invoice {number}" for number in range(60)] + ["invoice 0"]
    found = face(configurable(rules, backend, max_concurrency=3), inputs, STRICT)
    assert {one.status for one in found} == {"below_threshold"}
    assert 1 < backend.most_at_once <= 3
    assert set(backend.asked.values()) == {1}


@every_batch_face
def test_a_wrong_key_stops_a_configured_batch(face: Face, rules: list[Rule]) -> None:
    backend = fails_on("invoice", AuthenticationError)
    inputs = [f"invoice {number}" for number in range(30)]
    found = face(configurable(rules, backend, max_concurrency=1), inputs, STRICT, return_exceptions=True)
    assert isinstance(found[-1], RunStoppedError)
    assert len(backend.asked) == 1


@every_batch_face
def test_inputs_may_be_configured_each_by_itself_within_one_bound(face: Face, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    inputs = [f"invoice {number}" for number in range(30)]
    configs = [STRICT if number % 2 else {"configurable": {"least": 0.1}} for number in range(30)]
    found = face(configurable(rules, backend, max_concurrency=2), inputs, configs)
    assert [one.status for one in found] == ["completed", "below_threshold"] * 15
    assert backend.most_at_once <= 4  # two classifiers


def test_equal_values_are_one_classifier_which_knows_what_it_was_asked(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    runnable = configurable(rules, backend)
    prepared = [runnable.prepare(STRICT)[0] for _ in range(2)]
    assert prepared[0].classifier is prepared[1].classifier
    assert prepared[0].classifier.backend is backend
    for one in prepared:
        assert one.invoke("an invoice").status == "below_threshold"
    assert backend.asked == {"an invoice": 1}


def test_values_that_never_come_again_are_not_kept_for_ever(rules: list[Rule]) -> None:
    runnable = configurable(rules, ScriptedBackend())
    first = runnable.prepare(STRICT)[0].classifier
    for number in range(50):
        runnable.prepare({"configurable": {"least": number / 100}})
    assert runnable.prepare(STRICT)[0].classifier is not first
    assert len(runnable.default.origin._changed) <= 8


def test_no_second_connection_is_opened_for_a_configured_call(rules: list[Rule], service: ClassifyService) -> None:
    base = ClassifyRunnable(rules, api_key=service.api_key, base_url=service.base_url)
    runnable = base.configurable_fields(min_confidence=LEAST)
    with base.classifier:
        found = runnable.batch(["an invoice", "a recipe"], {"configurable": {"least": 0.1}})
        assert [one.type for one in found] == ["invoice", "recipe"]
        assert runnable.prepare({"configurable": {"least": 0.1}})[0].classifier.backend is base.classifier.backend


def test_what_can_be_configured_is_told(rules: list[Rule]) -> None:
    runnable = configurable(rules, "local", min_confidence=0.25)
    specs = {spec.id: spec for spec in runnable.config_specs}
    assert set(specs) == {"least", "rules", "backend"}
    assert (specs["least"].name, specs["least"].default) == ("Least confidence", 0.25)
    assert "least" in str(runnable.get_config_jsonschema())
    assert ClassifyRunnable(rules, backend="local").config_specs == []


@every_face
def test_alternatives_are_chosen_by_the_config(face: Face, rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=ScriptedBackend()).configurable_alternatives(
        ConfigurableField(id="who"),
        default_key="scripted",
        local=ClassifyRunnable(rules, backend="local"),
        later=lambda: ClassifyRunnable(rules, backend="local", min_confidence=1.0),
        length=RunnableLambda(len),
    )
    assert face(runnable, INVOICE_TEXT).backend == "scripted"
    assert face(runnable, INVOICE_TEXT, {"configurable": {"who": "local"}}).backend == "local/lexical"
    assert face(runnable, INVOICE_TEXT, {"configurable": {"who": "later"}}).status == "below_threshold"
    assert face(runnable, INVOICE_TEXT, {"configurable": {"who": "length"}}) == len(INVOICE_TEXT)


@every_face
def test_bound_configuration_works_and_shows_no_text(face: Face, rules: list[Rule]) -> None:
    recorder = Recorder()
    runnable = configurable(rules, ScriptedBackend()).with_config(STRICT, run_name="strictly")
    assert face(runnable, INVOICE_TEXT, {"callbacks": [recorder]}).status == "below_threshold"
    assert [run.name for run in recorder.runs] == ["strictly"]
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize("face", ["batch", "abatch"])
def test_it_is_configured_through_a_sequence_as_one_batch(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    chain = RunnableLambda(lambda number: f"invoice {number}") | configurable(rules, backend, max_concurrency=2)
    found = BATCH_FACES[face](chain, list(range(30)), STRICT)
    assert {one.status for one in found} == {"below_threshold"}
    assert backend.most_at_once <= 2


@every_batch_face
def test_two_classifiers_stand_side_by_side_in_a_parallel(face: Face, rules: list[Rule]) -> None:
    chain = RunnableParallel(
        free=ClassifyRunnable(rules, backend=ScriptedBackend()), strict=configurable(rules, "local", min_confidence=1.0)
    )
    [found] = face(chain, [INVOICE_TEXT])
    assert (found["free"].backend, found["strict"].status) == ("scripted", "below_threshold")


async def test_a_cancelled_configured_abatch_leaves_nothing_running(rules: list[Rule]) -> None:
    backend = HeldBackend()
    work = asyncio.create_task(configurable(rules, backend).abatch([f"invoice {n}" for n in range(3)], STRICT))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled >= 1)
    assert not backend.asked


CALLS = ("abatch", "abatch_as_completed")


async def called(runnable: Any, call: str, inputs: list[Any], configs: list[Any]) -> Any:
    if call == "abatch":
        return await runnable.abatch(inputs, configs)
    async with aclosing(runnable.abatch_as_completed(inputs, configs)) as pairs:
        return [pair async for pair in pairs]


@pytest.mark.parametrize("call", CALLS)
async def test_inputs_configured_each_by_itself_leave_nothing_running_when_cancelled(
    call: str, rules: list[Rule]
) -> None:
    backend = HeldBackend()
    runnable = ClassifyRunnable(rules, backend=backend).configurable_fields(min_confidence=LEAST)
    configs = [{"configurable": {"least": number / 10}} for number in range(3)]
    running = asyncio.all_tasks()
    work = asyncio.create_task(called(runnable, call, ["invoice 1", "invoice 2", "invoice 3"], configs))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert asyncio.all_tasks() == running
    await until(lambda: backend.cancelled)
    assert not backend.asked


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("way", ["configured", "map"])
async def test_after_an_error_no_other_call_goes_on_in_the_background(way: str, call: str, rules: list[Rule]) -> None:
    runnable: Any = ClassifyRunnable(rules, backend=fails_on("broken"))
    texts = ["broken", *(f"invoice {number}" for number in range(30))]
    inputs: list[Any] = texts
    if way == "map":
        runnable, inputs = runnable.map(), [[text] for text in texts]
    else:
        runnable = runnable.configurable_fields(min_confidence=LEAST)
    configs = [{"configurable": {"least": number / 100}} for number in range(len(inputs))]
    running = asyncio.all_tasks()
    with pytest.raises(ClassifyError, match="no broken here"):
        await called(runnable, call, inputs, configs)
    assert asyncio.all_tasks() == running
