from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnablePassthrough

from classify_core import (
    Alternative,
    Answer,
    Classification,
    Classifier,
    ClassifyError,
    InvalidOptionError,
    Rule,
    ServerError,
    Source,
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
    assert (found.type, found.source_name) == ("invoice", "7.eml")
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


@pytest.mark.parametrize("face", ["stream", "astream"])
def test_a_stream_is_one_chunk_the_result(face: str, rules: list[Rule]) -> None:
    async def streamed(runnable: Any, value: Any) -> list[Any]:
        return [chunk async for chunk in runnable.astream(value)]

    runnable = ClassifyRunnable(rules, backend=ScriptedBackend())
    for one, value in [
        (runnable, "an invoice"),
        (RunnableLambda(lambda number: f"invoice {number}") | runnable, 7),
        (runnable | RunnablePassthrough(), "an invoice"),
    ]:
        [found] = list(one.stream(value)) if face == "stream" else asyncio.run(streamed(one, value))
        assert found == one.invoke(value)
        assert found.type == "invoice"


def test_a_text_that_comes_in_pieces_is_classified_as_a_whole(rules: list[Rule]) -> None:
    def pieces(_: Iterator[str]) -> Iterator[str]:
        yield from ("an in", "voi", "ce")

    backend = ScriptedBackend()
    for runnable in (
        ClassifyRunnable(rules, backend=backend),
        ClassifyRunnable(rules, backend=backend).with_retry(),
        ClassifyRunnable(rules, backend=backend).with_fallbacks([RunnablePassthrough()]),
    ):
        [found] = (RunnableGenerator(pieces) | runnable).stream("")
        assert found.type == "invoice"
    assert list(backend.asked) == ["an invoice"]


def test_its_schemas_can_be_generated(rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend="local")
    assert runnable.get_output_schema() is Classification
    assert set(runnable.get_output_jsonschema()["properties"]) == set(Classification.model_fields)
    assert runnable.get_input_jsonschema()["title"] == "ClassifyRunnableInput"
    chain = runnable | RunnableLambda(lambda found: found.type)
    for other in (chain, runnable.with_retry(), runnable.with_fallbacks([runnable]), runnable.with_config(tags=["a"])):
        assert other.get_input_jsonschema() == runnable.get_input_jsonschema()


def test_its_name_is_its_class_or_what_it_was_named(rules: list[Rule]) -> None:
    assert ClassifyRunnable(rules, backend="local").get_name() == "ClassifyRunnable"
    assert ClassifyRunnable(rules, backend="local", name="mail").get_name() == "mail"
    assert ClassifyRunnable(rules, backend="local").get_name("Input") == "ClassifyRunnableInput"


def test_it_is_drawn_as_a_step_of_a_graph(rules: list[Rule]) -> None:
    chain = RunnableLambda(lambda text: text, name="load") | ClassifyRunnable(rules, backend="local").with_retry()
    drawn = chain.get_graph().draw_mermaid()
    assert "load --> ClassifyRunnable" in drawn


def test_what_comes_as_json_can_name_no_file(rules: list[Rule]) -> None:
    schema = ClassifyRunnable(rules, backend="local").get_input_schema()
    document = schema.model_validate({"page_content": "an invoice"}).root
    assert document == Document(page_content="an invoice")
    assert schema.model_validate("/etc/passwd").root == "/etc/passwd"
    with pytest.raises((TypeError, ValueError), match="page_content"):  # LangChain's Document raises the former
        schema.model_validate({"kind": "path", "value": "/etc/passwd"})


def test_a_backend_that_answers_with_alternatives_has_them_in_the_output(rules: list[Rule]) -> None:
    answer = Answer(type=None, confidence=0.4, alternatives=(Alternative(type="invoice", confidence=0.4),))
    found = ClassifyRunnable(rules, backend=ScriptedBackend(lambda text: answer)).invoke("a letter")
    assert found.alternatives == answer.alternatives
