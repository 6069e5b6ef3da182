from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import (
    Alternative,
    Answer,
    AuthenticationError,
    Classification,
    Classifier,
    ClassifyError,
    InvalidOptionError,
    OutOfCreditsError,
    Rule,
    RunStoppedError,
    ServerError,
    Source,
    UnreadableDocumentError,
)
from langchain_classify import ClassifyRunnable
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import fails_on


def both(runnable: ClassifyRunnable, value: Any) -> list[Any]:
    """What the synchronous and the asynchronous face give, error or answer."""

    def outcome(call: Any) -> Any:
        try:
            return call()
        except ClassifyError as error:
            return type(error), str(error)

    return [outcome(lambda: runnable.invoke(value)), outcome(lambda: asyncio.run(runnable.ainvoke(value)))]


@pytest.mark.parametrize(
    "value",
    [
        "an invoice",
        b"an invoice",
        Source.text("an invoice", name="mail"),
        Document(page_content="an invoice", metadata={"source": "mail"}),
        "nothing of the kind",
        "broken",
        "",
        Path("missing.txt"),
        7,
    ],
)
def test_invoke_and_ainvoke_come_to_the_same(value: Any, rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("broken", ServerError))
    sync, awaited = both(runnable, value)
    assert sync == awaited


def test_a_document_is_classified_by_its_text_and_named_by_its_source(rules: list[Rule]) -> None:
    document = Document(page_content="an invoice", metadata={"source": "mails/7.eml", "n": 1}, id="7")
    found = ClassifyRunnable(rules, backend=ScriptedBackend()).invoke(document)
    assert (found.type, found.source_name) == ("invoice", "mails/7.eml")
    assert document == Document(page_content="an invoice", metadata={"source": "mails/7.eml", "n": 1}, id="7")


def test_a_path_is_read_and_a_text_is_never_taken_for_one(rules: list[Rule], tmp_path: Path) -> None:
    file = tmp_path / "bill.txt"
    file.write_text("an invoice")
    backend = ScriptedBackend()
    runnable = ClassifyRunnable(rules, backend=backend)
    assert runnable.invoke(file).source_name == "bill.txt"
    runnable.invoke(str(file))
    assert list(backend.asked) == ["an invoice", str(file)]


@pytest.mark.parametrize("value", [7, None, {"page_content": "an invoice"}, ["an invoice"]])
def test_something_that_is_no_document_is_refused_before_anything_is_asked(value: Any, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    with pytest.raises(InvalidOptionError, match=type(value).__name__):
        ClassifyRunnable(rules, backend=backend).invoke(value)
    assert not backend.asked


def test_by_default_a_failure_is_the_documents_own_error(rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(classifier=Classifier(rules, backend=fails_on("broken"), on_error="record"))
    with pytest.raises(ClassifyError, match=r"'7\.eml'.*no broken here"):
        runnable.invoke(Document(page_content="broken", metadata={"source": "7.eml"}))


async def test_annotated_a_failure_is_an_outcome_with_status_and_error(rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("broken"), on_failure="annotate")
    for found in (runnable.invoke("broken"), await runnable.ainvoke("broken")):
        assert (found.type, found.status) == (None, "failed")
        assert "no broken here" in str(found.error)


def test_a_document_that_no_rule_matches_is_no_failure(rules: list[Rule]) -> None:
    found = ClassifyRunnable(rules, backend="local").invoke("1234567")
    assert (found.type, found.status) == (None, "completed")


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


async def test_the_event_loop_runs_on_while_a_document_is_classified(rules: list[Rule]) -> None:
    backend = HeldBackend()
    runnable = ClassifyRunnable(rules, backend=backend)
    work = asyncio.create_task(runnable.ainvoke("an invoice"))
    many = asyncio.create_task(runnable.abatch(["a recipe", "an invoice"]))
    await until(backend.begun.is_set)
    assert not work.done()
    backend.release.set()  # only a loop that still runs comes here
    assert (await work).type == "invoice"
    assert [one.type for one in await many] == ["recipe", "invoice"]


async def test_cancelling_an_ainvoke_cancels_the_work(rules: list[Rule]) -> None:
    backend = HeldBackend()
    work = asyncio.create_task(ClassifyRunnable(rules, backend=backend).ainvoke("an invoice"))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled == 1)


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


def test_with_retry_and_the_documented_tuple_retries_a_passing_fault_only(rules: list[Rule]) -> None:
    def behaviour(text: str) -> ClassifyError | None:
        tries[text] = tries.get(text, 0) + 1
        if text == "locked":
            return UnreadableDocumentError("it is protected")
        return ServerError("500") if tries[text] < 3 else None

    tries: dict[str, int] = {}
    patient = ClassifyRunnable(rules, backend=ScriptedBackend(behaviour)).with_retry(
        retry_if_exception_type=ClassifyRunnable.RETRYABLE, wait_exponential_jitter=False
    )
    assert patient.invoke("an invoice").type == "invoice"
    with pytest.raises(UnreadableDocumentError):
        patient.invoke("locked")
    assert tries == {"an invoice": 3, "locked": 1}


def test_its_schemas_can_be_generated(rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend="local")
    assert runnable.get_output_schema() is Classification
    assert set(runnable.get_output_jsonschema()["properties"]) == set(Classification.model_fields)
    chain = runnable | RunnableLambda(lambda found: found.type)
    assert chain.get_input_jsonschema() == runnable.get_input_jsonschema()


def test_what_comes_as_json_can_name_no_file(rules: list[Rule]) -> None:
    schema = ClassifyRunnable(rules, backend="local").get_input_schema()
    document = schema.model_validate({"page_content": "an invoice"}).root  # type: ignore[attr-defined]
    assert document == Document(page_content="an invoice")
    assert schema.model_validate("/etc/passwd").root == "/etc/passwd"  # type: ignore[attr-defined]
    with pytest.raises((TypeError, ValueError), match="page_content"):  # LangChain's Document raises the former
        schema.model_validate({"kind": "path", "value": "/etc/passwd"})


def test_a_backend_that_answers_with_alternatives_has_them_in_the_output(rules: list[Rule]) -> None:
    answer = Answer(type=None, confidence=0.4, alternatives=(Alternative(type="invoice", confidence=0.4),))
    found = ClassifyRunnable(rules, backend=ScriptedBackend(lambda text: answer)).invoke("a letter")
    assert found.alternatives == answer.alternatives
