"""What callbacks and tracers see: which document it was, never what it says; no key anywhere."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import ClassifyError, Rule, Source
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable, ClassifyTool
from tests.langchain.helpers import (
    INVOICE_DOCUMENT,
    INVOICE_TEXT,
    RECIPE_DOCUMENT,
    SECRET_WORDS,
    Recorder,
    fails_on,
    run,
)

if TYPE_CHECKING:
    from tests.service import ClassifyService


def test_a_run_has_its_name_tags_and_a_reference_for_input(face: str, rules: list[Rule]) -> None:
    recorder = Recorder()
    config = {"callbacks": [recorder], "tags": ["mail"], "run_name": "what is it", "metadata": {"batch": 3}}
    found = run(face, ClassifyRunnable(rules, backend="local"), "invoke", INVOICE_DOCUMENT, config)
    (traced,) = recorder.named("what is it")
    assert traced.tags == ["mail"]
    assert traced.metadata["batch"] == 3
    assert traced.inputs == {
        "kind": "text",
        "name": "acme.pdf",
        "size": len(INVOICE_TEXT),
        "digest": found.digest,
    }
    assert traced.outputs == {"output": found}
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize("value", [INVOICE_DOCUMENT, INVOICE_TEXT, INVOICE_TEXT.encode(), Source.text(INVOICE_TEXT)])
def test_no_kind_of_input_shows_its_text(face: str, value: Any, recorder: Recorder, rules: list[Rule]) -> None:
    run(face, ClassifyRunnable(rules, backend="local"), "invoke", value, {"callbacks": [recorder]})
    assert len(recorder.runs) == 1
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize("limit", [None, 1])
def test_each_document_of_a_batch_has_a_run_of_its_own_without_its_text(
    face: str, limit: int | None, recorder: Recorder, rules: list[Rule]
) -> None:
    runnable = ClassifyRunnable(rules, backend=fails_on("recipe:"))
    config = {"callbacks": [recorder], "max_concurrency": limit}
    run(face, runnable, "batch", [INVOICE_DOCUMENT, RECIPE_DOCUMENT, 7], config, return_exceptions=True)
    errors = {traced.inputs["name"]: traced.error for traced in recorder.named("ClassifyRunnable")}
    assert set(errors) == {"acme.pdf", "cake.pdf", None}
    assert errors["acme.pdf"] is None
    assert "no recipe: here" in str(errors["cake.pdf"])
    assert "InvalidOptionError" in str(errors[None])
    assert SECRET_WORDS not in recorder.told()


def test_a_failing_run_is_traced_as_an_error_without_the_text(face: str, recorder: Recorder, rules: list[Rule]) -> None:
    with pytest.raises(ClassifyError):
        run(
            face,
            ClassifyRunnable(rules, backend=fails_on("invoice")),
            "invoke",
            INVOICE_DOCUMENT,
            {"callbacks": [recorder]},
        )
    assert "acme.pdf" in str(recorder.runs[0].error)
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize("call", ["invoke", "batch"])
def test_as_a_step_of_a_sequence_its_own_run_shows_no_text(
    face: str, call: str, recorder: Recorder, rules: list[Rule]
) -> None:
    documents = {"acme.pdf": INVOICE_DOCUMENT}
    chain = RunnableLambda(documents.__getitem__, name="load").with_config(run_name="load") | ClassifyRunnable(
        rules, backend="local"
    )
    value = "acme.pdf" if call == "invoke" else ["acme.pdf"] * 2
    run(face, chain, call, value, {"callbacks": [recorder]})
    steps = recorder.named("ClassifyRunnable")
    assert len(steps) == (1 if call == "invoke" else 2)
    assert all(step.parent_run_id is not None and step.inputs["name"] == "acme.pdf" for step in steps)
    # What another step gives out is that step's to hide; the sequence's own run holds what it was given.
    assert SECRET_WORDS not in recorder.told("ClassifyRunnable", "RunnableSequence")
    assert SECRET_WORDS in recorder.told("load")


def test_a_transformers_run_counts_and_names_documents_and_shows_none(
    face: str, recorder: Recorder, rules: list[Rule]
) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend="local", drop_types=["recipe"])
    found = run(face, transformer, "invoke", [INVOICE_DOCUMENT, RECIPE_DOCUMENT], {"callbacks": [recorder]})
    assert found[0].page_content == INVOICE_TEXT
    (traced,) = recorder.runs
    assert traced.inputs["count"] == 2
    assert [one["name"] for one in traced.inputs["documents"]] == ["acme.pdf", "cake.pdf"]
    assert traced.outputs == {
        "count": 1,
        "documents": [{"name": "acme.pdf", "type": "invoice", "status": "completed"}],
    }
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize("source", ["/home/ada/acme.pdf", "https://ada:hush@example.com/ada/acme.pdf?signature=hush"])
def test_neither_a_run_nor_an_error_tells_where_a_file_lies_or_how_to_sign_for_it(
    source: str, face: str, recorder: Recorder, rules: list[Rule]
) -> None:
    given = [Document(page_content=INVOICE_TEXT, metadata={"source": source})]
    transformer = ClassifyDocumentTransformer(rules, backend=fails_on("invoice"))
    [failed] = run(face, transformer, "invoke", given, {"callbacks": [recorder]})
    told = recorder.told() + failed.metadata["classify_error"]
    assert told.count("acme.pdf") >= 3
    assert [secret for secret in ("ada", "hush") if secret in told] == []


def test_a_hundred_thousand_pages_do_not_swell_a_trace(recorder: Recorder, rules: list[Rule]) -> None:
    pages = [Document(page_content="an invoice", metadata={"source": "a.pdf", "page": n}) for n in range(1000)]
    ClassifyDocumentTransformer(rules, backend="local").invoke(pages, {"callbacks": [recorder]})
    (traced,) = recorder.runs
    assert traced.outputs is not None
    assert traced.inputs["count"] == traced.outputs["count"] == 1000
    assert len(traced.inputs["documents"]) == len(traced.outputs["documents"]) == 100


@pytest.mark.parametrize("value", [{"document": "acme.pdf"}, "acme.pdf"])
def test_a_tools_run_names_the_attachment(face: str, value: Any, recorder: Recorder, rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend="local", documents={"acme.pdf": INVOICE_TEXT})
    run(face, tool, "invoke", value, {"callbacks": [recorder]})
    assert "acme.pdf" in str(recorder.runs[0].inputs)
    assert SECRET_WORDS not in recorder.told()


@pytest.mark.parametrize(
    "value",
    [
        {"text": INVOICE_TEXT},
        INVOICE_TEXT,
        {"document": INVOICE_TEXT},
        {"text": [INVOICE_TEXT]},
        {"document": "x", "more": {"deep": [INVOICE_TEXT]}},
    ],
)
@pytest.mark.parametrize("as_call", [True, False])
def test_a_tools_run_shows_size_and_digest_of_a_text_and_not_the_text(
    face: str, value: Any, recorder: Recorder, rules: list[Rule], *, as_call: bool
) -> None:
    tool = ClassifyTool(rules, backend="local")
    if as_call and isinstance(value, dict):
        value = {"type": "tool_call", "id": "1", "name": tool.name, "args": value}
    run(face, tool, "invoke", value, {"callbacks": [recorder]})
    assert Source.text(INVOICE_TEXT).reference["digest"] in recorder.told()
    assert SECRET_WORDS not in recorder.told()


def test_neither_key_nor_text_reaches_traces_logs_or_output_of_a_hosted_run(
    face: str,
    service: ClassifyService,
    rules: list[Rule],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    recorder = Recorder()
    caplog.set_level(logging.DEBUG)
    service.outcome_for("cake", status="FAILED", error_message="PDF_IS_PROTECTED: no password")
    runnable = ClassifyRunnable(rules, api_key=service.api_key, base_url=service.base_url, timeout=20.0)
    with runnable.classifier:
        found = run(
            face,
            runnable,
            "batch",
            [INVOICE_DOCUMENT, RECIPE_DOCUMENT],
            {"callbacks": [recorder]},
            return_exceptions=True,
        )
    assert found[0].type == "invoice"
    printed = capfd.readouterr()
    everything = recorder.told() + caplog.text + printed.out + printed.err + repr(runnable) + str(found)
    assert service.api_key not in everything
    assert SECRET_WORDS not in everything
