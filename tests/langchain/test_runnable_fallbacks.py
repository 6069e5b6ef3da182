"""`with_fallbacks`: another classifier, or anything else, takes over what failed; no text is seen on the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import AuthenticationError, ClassifyError, InvalidOptionError, Rule, ServerError
from langchain_classify import ClassifyRunnable
from tests.backends import ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, TAKES_ALLOWED_OBJECTS, Recorder, fails_on, reloaded
from tests.langchain.suites.runnable import Face, every_batch_face, every_face

if TYPE_CHECKING:
    from tests.service import ClassifyService

INVOICE = Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf"})


def failing(rules: list[Rule], error: type[ClassifyError] = ServerError) -> ClassifyRunnable:
    return ClassifyRunnable(rules, backend=fails_on("", error))


@every_face
def test_a_local_classifier_takes_over_from_a_hosted_one(
    face: Face, rules: list[Rule], service: ClassifyService
) -> None:
    hosted = ClassifyRunnable(rules, api_key="llx-not-the-right-one-01", base_url=service.base_url)
    with hosted.classifier:
        found = face(hosted.with_fallbacks([ClassifyRunnable(rules, backend="local")]), INVOICE)
    assert (found.type, found.backend, found.source_name) == ("invoice", "local/lexical", "acme.pdf")


@every_face
def test_without_a_failure_no_fallback_is_asked(face: Face, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    runnable = ClassifyRunnable(rules, backend="local").with_fallbacks([ClassifyRunnable(rules, backend=backend)])
    assert face(runnable, INVOICE).backend == "local/lexical"
    assert not backend.asked


@every_batch_face
def test_of_a_batch_only_what_failed_goes_on_and_places_are_kept(face: Face, rules: list[Rule]) -> None:
    second = fails_on("worst")
    runnable = ClassifyRunnable(rules, backend=fails_on("bad", ServerError)).with_fallbacks(
        [ClassifyRunnable(rules, backend=second), ClassifyRunnable(rules, backend="local")]
    )
    inputs = ["invoice 1", "bad invoice", "recipe 2", "bad and worst invoice"]
    found = face(runnable, inputs)
    assert [one.backend for one in found] == ["scripted", "scripted", "scripted", "local/lexical"]
    assert [one.type for one in found[:3]] == ["invoice", "invoice", "recipe"]
    assert list(second.asked) == ["bad invoice", "bad and worst invoice"]


@every_face
def test_where_all_fail_the_first_error_is_raised(face: Face, rules: list[Rule]) -> None:
    runnable = failing(rules, ServerError).with_fallbacks([failing(rules, AuthenticationError)])
    with pytest.raises(ServerError):
        face(runnable, INVOICE)


@every_batch_face
def test_where_all_fail_errors_are_returned_in_their_places(face: Face, rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("bad", ServerError)).with_fallbacks(
        [ClassifyRunnable(rules, backend=fails_on("bad", AuthenticationError))]
    )
    found = face(runnable, ["bad", "invoice", 7], return_exceptions=True)
    assert isinstance(found[0], ServerError)
    assert found[1].type == "invoice"
    assert isinstance(found[2], InvalidOptionError)


@every_face
def test_an_error_that_is_not_to_be_handled_goes_through(face: Face, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    runnable = failing(rules, AuthenticationError).with_fallbacks(
        [ClassifyRunnable(rules, backend=backend)], exceptions_to_handle=(ServerError,)
    )
    with pytest.raises(AuthenticationError):
        face(runnable, INVOICE)
    assert not backend.asked


@every_face
@pytest.mark.parametrize("value", [INVOICE, INVOICE_TEXT])
def test_a_fallback_that_is_not_ours_gets_the_document_itself(face: Face, value: Any, rules: list[Rule]) -> None:
    taken: list[Any] = []
    assert face(failing(rules).with_fallbacks([RunnableLambda(taken.append)]), value) is None
    assert taken == [value]
    assert type(taken[0]) is type(value)


@every_face
def test_with_an_exception_key_it_gets_the_error_beside_the_document(face: Face, rules: list[Rule]) -> None:
    taken: list[Any] = []
    again = failing(rules, AuthenticationError)
    runnable = failing(rules).with_fallbacks([again, RunnableLambda(taken.append)], exception_key="error")
    face(runnable, INVOICE)
    [told] = taken
    assert told["input"] is INVOICE
    assert isinstance(told["error"], AuthenticationError)


@pytest.mark.parametrize(("call", "value"), [("ainvoke", INVOICE), ("abatch", [INVOICE, "a recipe", "a letter"])])
async def test_cancelled_no_fallback_that_is_not_ours_goes_on(call: str, value: Any, rules: list[Rule]) -> None:
    open_calls: list[asyncio.Task[Any] | None] = []

    async def wait(document: Any) -> None:
        open_calls.append(asyncio.current_task())
        await asyncio.Event().wait()

    runnable = failing(rules).with_fallbacks([RunnableLambda(wait)])
    work = asyncio.create_task(getattr(runnable, call)(value))
    await until(lambda: len(open_calls) == (len(value) if isinstance(value, list) else 1))
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert all(task.cancelled() for task in open_calls)


async def test_a_fallback_that_is_not_ours_keeps_to_the_configs_bound(rules: list[Rule]) -> None:
    at_once: list[int] = [0]

    async def count(document: Any) -> int:
        at_once.append(at_once[-1] + 1)
        await asyncio.sleep(0.002)
        at_once.append(at_once[-1] - 1)
        return 7

    runnable = failing(rules).with_fallbacks([RunnableLambda(count)])
    assert await runnable.abatch([f"invoice {number}" for number in range(20)], {"max_concurrency": 2}) == [7] * 20
    assert max(at_once) <= 2


@every_face
def test_who_asked_for_no_error_gets_none_whatever_was_told_to_others_before(face: Face, rules: list[Rule]) -> None:
    def fail(told: Any) -> None:
        raise ValueError(str(sorted(told)))

    taken: list[Any] = []
    inner = failing(rules).with_fallbacks([RunnableLambda(fail)], exception_key="error")
    face(inner.with_fallbacks([RunnableLambda(taken.append)]), INVOICE)
    assert taken == [INVOICE]


@every_face
def test_with_an_exception_key_a_fallback_of_ours_classifies(face: Face, rules: list[Rule]) -> None:
    runnable = failing(rules).with_fallbacks([ClassifyRunnable(rules, backend="local")], exception_key="error")
    assert face(runnable, INVOICE).type == "invoice"
    assert Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf"}) == INVOICE


@every_face
@pytest.mark.parametrize("exception_key", [None, "error"])
def test_a_tracer_sees_every_attempt_within_the_run_and_no_text(
    face: Face, exception_key: str | None, rules: list[Rule]
) -> None:
    recorder = Recorder()
    local = ClassifyRunnable(rules, backend="local").with_config(run_name="at home")
    runnable = failing(rules).with_fallbacks([local], exception_key=exception_key)
    face(runnable, INVOICE, {"callbacks": [recorder], "run_name": "in any case"})
    [root] = recorder.named("in any case")
    assert [(run.name, run.error is None) for run in root.child_runs] == [
        ("ClassifyRunnable", False),
        ("at home", True),
    ]
    assert root.inputs["name"] == "acme.pdf"
    assert SECRET_WORDS not in recorder.told()


def test_a_fallback_can_be_dumped_and_loaded(rules: list[Rule]) -> None:
    made = ClassifyRunnable(rules, backend="local", min_confidence=0.9).with_fallbacks(
        [ClassifyRunnable(rules, backend="local")]
    )
    kinds = [type(made), type(made.bound), ClassifyRunnable]
    again = reloaded(made, **({"allowed_objects": kinds} if TAKES_ALLOWED_OBJECTS else {}))
    assert [one.min_confidence for one in again.bound.runnables] == [0.9, None]
    assert again.invoke(INVOICE) == made.invoke(INVOICE)


@every_batch_face
def test_an_annotated_failure_needs_no_fallback(face: Face, rules: list[Rule]) -> None:
    first = ClassifyRunnable(rules, backend=fails_on("bad"), on_failure="annotate")
    found = face(first.with_fallbacks([ClassifyRunnable(rules, backend="local")]), ["bad invoice"])
    assert found[0].status == "failed"
