"""`with_retry`: what may pass is tried again, what will not is not; and a batch keeps each outcome in its place."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from langchain_core.runnables import ConfigurableField, RunnableLambda

from classify_core import (
    AuthenticationError,
    Classification,
    ClassifyError,
    ClassifyTimeoutError,
    ConnectionFailedError,
    InvalidOptionError,
    JobFailedError,
    OutOfCreditsError,
    RateLimitError,
    Rule,
    ServerError,
    UnreadableDocumentError,
)
from langchain_classify import ClassifyRunnable
from tests.backends import ScriptedBackend, until
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, TAKES_ALLOWED_OBJECTS, Recorder, reloaded
from tests.langchain.suites.runnable import Face, every_batch_face, every_face

PASSING = [ServerError, ConnectionFailedError, ClassifyTimeoutError]
PERMANENT = [
    AuthenticationError,
    OutOfCreditsError,
    RateLimitError,
    UnreadableDocumentError,
    JobFailedError,
    InvalidOptionError,
]


class FailingBackend(ScriptedBackend):
    """Fails on texts with a word of `faults` in them: so many times (None: always), with such an error."""

    def __init__(self, faults: dict[str, tuple[type[ClassifyError], int | None]]) -> None:
        super().__init__(self._fault)
        self.faults = faults
        self.tries: Counter[str] = Counter()

    def _fault(self, text: str) -> ClassifyError | None:
        self.tries[text] += 1
        for word, (error, times) in self.faults.items():
            if word in text and (times is None or self.tries[text] <= times):
                return error(f"{word}: so it is")
        return None


def retrying(runnable: ClassifyRunnable, **options: Any) -> Any:
    return runnable.with_retry(wait_exponential_jitter=False, **options)


@every_face
@pytest.mark.parametrize("error", PASSING)
def test_what_may_pass_is_tried_again(face: Face, error: type[ClassifyError], rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (error, 2)})
    found = face(retrying(ClassifyRunnable(rules, backend=backend)), "an invoice")
    assert found.type == "invoice"
    assert backend.tries["an invoice"] == 3


@every_face
@pytest.mark.parametrize("error", PERMANENT)
def test_what_will_never_succeed_is_tried_once(face: Face, error: type[ClassifyError], rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (error, None)})
    with pytest.raises(error, match="so it is"):
        face(retrying(ClassifyRunnable(rules, backend=backend)), "an invoice")
    assert backend.tries["an invoice"] == 1


@every_face
def test_it_gives_up_after_as_many_attempts_as_it_was_told(face: Face, rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (ServerError, None)})
    with pytest.raises(ServerError):
        face(retrying(ClassifyRunnable(rules, backend=backend), stop_after_attempt=4), "an invoice")
    assert backend.tries["an invoice"] == 4


@every_batch_face
def test_of_a_batch_only_what_failed_is_tried_again(face: Face, rules: list[Rule]) -> None:
    backend = FailingBackend({"shaky": (ServerError, 1)})
    inputs = ["invoice 1", "a shaky invoice", "a recipe", "a shaky recipe"]
    runnable = retrying(ClassifyRunnable(rules, backend=backend, cache=False))
    found = face(runnable, inputs)
    assert [one.type for one in found] == ["invoice", "invoice", "recipe", "recipe"]
    assert [backend.tries[text] for text in inputs] == [1, 2, 1, 2]


@every_batch_face
def test_no_input_gets_the_outcome_of_another(face: Face, rules: list[Rule]) -> None:
    """LangChain's own hands the recipe's outcome to the document that failed to the end."""
    backend = FailingBackend({"shaky": (ServerError, 2), "down": (ServerError, None)})
    inputs = ["invoice", "a shaky recipe", "it is down", "another shaky recipe"]
    found = face(retrying(ClassifyRunnable(rules, backend=backend)), inputs, return_exceptions=True)
    assert [getattr(one, "type", type(one)) for one in found] == ["invoice", "recipe", ServerError, "recipe"]


@every_batch_face
def test_one_that_fails_for_good_neither_stops_nor_spoils_the_others(face: Face, rules: list[Rule]) -> None:
    """LangChain's own gives its error for all of them."""
    backend = FailingBackend({"locked": (UnreadableDocumentError, None), "shaky": (ServerError, 1)})
    inputs = ["locked", "invoice", "a shaky recipe", 7]
    found = face(retrying(ClassifyRunnable(rules, backend=backend)), inputs, return_exceptions=True)
    assert isinstance(found[0], UnreadableDocumentError)
    assert isinstance(found[3], InvalidOptionError)
    assert [one.type for one in found[1:3]] == ["invoice", "recipe"]
    assert backend.tries["locked"] == 1


@every_batch_face
def test_without_return_exceptions_the_error_of_the_document_is_raised(face: Face, rules: list[Rule]) -> None:
    backend = FailingBackend({"locked": (UnreadableDocumentError, None)})
    with pytest.raises(UnreadableDocumentError, match="number 2"):
        face(retrying(ClassifyRunnable(rules, backend=backend)), ["invoice", "locked"])


@every_face
def test_other_errors_may_be_named(face: Face, rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (JobFailedError, 1), "recipe": (ServerError, 1)})
    runnable = retrying(ClassifyRunnable(rules, backend=backend), retry_if_exception_type=(JobFailedError,))
    assert face(runnable, "an invoice").type == "invoice"
    with pytest.raises(ServerError):
        face(runnable, "a recipe")


def test_annotated_there_is_no_error_to_try_again(rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (ServerError, None)})
    found = retrying(ClassifyRunnable(rules, backend=backend, on_failure="annotate")).invoke("an invoice")
    assert (found.status, backend.tries["an invoice"]) == ("failed", 1)


@every_face
def test_a_tracer_sees_each_attempt_within_the_run_and_no_text(face: Face, rules: list[Rule]) -> None:
    backend, recorder = FailingBackend({"invoice": (ServerError, 2)}), Recorder()
    config = {"callbacks": [recorder], "run_name": "patiently"}
    face(retrying(ClassifyRunnable(rules, backend=backend)), INVOICE_TEXT, config)
    [root] = recorder.named("patiently")
    assert [run.tags for run in root.child_runs] == [[], ["retry:attempt:2"], ["retry:attempt:3"]]
    assert [run.error is None for run in root.child_runs] == [False, False, True]
    assert SECRET_WORDS not in recorder.told()


def test_a_name_that_was_bound_before_is_that_of_all_attempts_together(rules: list[Rule]) -> None:
    recorder = Recorder()
    named = ClassifyRunnable(rules, backend="local").with_config(run_name="what is it")
    retrying(named).invoke("an invoice", {"callbacks": [recorder]})
    assert [(run.name, run.parent_run_id is None) for run in recorder.runs] == [
        ("what is it", True),
        ("ClassifyRunnable", False),
    ]


@every_batch_face
def test_what_is_configured_for_a_call_is_so_for_all_attempts(face: Face, rules: list[Rule]) -> None:
    backend = FailingBackend({"shaky": (ServerError, 1)})
    configurable = ClassifyRunnable(rules, backend=backend).configurable_fields(
        min_confidence=ConfigurableField(id="least")
    )
    config = {"configurable": {"least": 0.95}}
    found = face(retrying(configurable), ["invoice", "a shaky recipe"], config)
    assert [one.status for one in found] == ["below_threshold", "below_threshold"]
    assert [backend.tries[text] for text in ("invoice", "a shaky recipe")] == [1, 2]


def test_it_can_be_dumped_and_loaded(rules: list[Rule]) -> None:
    made = ClassifyRunnable(rules, backend="local").with_retry(
        stop_after_attempt=7, exponential_jitter_params={"jitter": 0.1}
    )
    kinds = [type(made), type(made.bound), ClassifyRunnable]
    again = reloaded(made, **({"allowed_objects": kinds} if TAKES_ALLOWED_OBJECTS else {}))
    assert type(again) is type(made)
    assert again.bound.max_attempt_number == 7
    assert again.bound.retry_exception_types == ClassifyRunnable.RETRYABLE
    assert again.invoke("an invoice") == made.invoke("an invoice")


async def test_cancelling_it_between_attempts_ends_it(rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (ServerError, None)})
    runnable = ClassifyRunnable(rules, backend=backend).with_retry(exponential_jitter_params={"jitter": 1e9})
    work = asyncio.create_task(runnable.abatch(["an invoice"]))
    await until(lambda: backend.tries)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert backend.tries["an invoice"] == 1


def test_in_a_sequence_it_is_retried_also_when_streamed(rules: list[Rule]) -> None:
    backend = FailingBackend({"invoice": (ServerError, 2)})
    chain = RunnableLambda(lambda name: f"the invoice {name}") | retrying(ClassifyRunnable(rules, backend=backend))
    [found] = chain.stream("7")
    assert isinstance(found, Classification)
    assert backend.tries["the invoice 7"] == 3
