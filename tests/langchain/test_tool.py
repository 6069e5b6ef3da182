"""The tool as a program and as an agent calls it: which document is meant, what is answered, what is kept."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
from typing import TYPE_CHECKING, Any, cast

import pytest
from langchain_core.documents import Document
from langchain_core.load import dumps
from langchain_core.tools import ToolException

from classify_core import (
    Alternative,
    Answer,
    Classification,
    Classifier,
    InvalidOptionError,
    Rule,
    Source,
)
from langchain_classify import ClassifyTool
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import SECRET_WORDS, reloaded
from tests.langchain.tool_calls import called, every_face, invoked

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS: dict[str, Any] = {"acme.pdf": "an invoice", "cake.txt": b"a recipe"}


@pytest.fixture
def tool(rules: list[Rule]) -> ClassifyTool:
    return ClassifyTool(rules, backend=ScriptedBackend(), documents=DOCUMENTS)


@every_face
def test_an_attachment_is_answered_in_one_line_with_an_artifact(tool: ClassifyTool, face: str) -> None:
    message = called(tool, face, document="acme.pdf")
    assert message.content == "invoice (confidence 0.90): the text says invoice"
    assert message.status == "success"
    found = Classification.model_validate(message.artifact)
    assert (found.type, found.confidence, found.source_name) == ("invoice", 0.9, "acme.pdf")


@every_face
def test_a_text_is_answered_too(tool: ClassifyTool, face: str) -> None:
    assert called(tool, face, text="this is a recipe").artifact["type"] == "recipe"
    assert called(tool, face, document=None, text="this is a recipe").artifact["type"] == "recipe"


@every_face
def test_without_a_tool_call_the_answer_is_the_line_alone(tool: ClassifyTool, face: str) -> None:
    assert invoked(tool, face, {"document": "acme.pdf"}) == "invoice (confidence 0.90): the text says invoice"
    assert invoked(tool, face, "acme.pdf") == "invoice (confidence 0.90): the text says invoice"


def test_attachments_may_be_anything_that_can_be_classified(rules: list[Rule], tmp_path: Path) -> None:
    file = tmp_path / "bill.txt"
    file.write_text("an invoice")
    documents: dict[str, Any] = {
        "text": "an invoice",
        "bytes.txt": b"an invoice",
        "path": file,
        "source": Source.text("an invoice"),
        "document": Document(page_content="an invoice"),
    }
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=documents)
    assert [called(tool, document=name).artifact["type"] for name in documents] == ["invoice"] * 5


@every_face
@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"document": "other.pdf"}, "The attachments are: 'acme.pdf', 'cake.txt'."),
        ({"document": ""}, "The attachments are"),
        ({}, "The attachments are: 'acme.pdf', 'cake.txt'."),
        ({"document": None, "text": None}, "The attachments are: 'acme.pdf', 'cake.txt'."),
        ({"document": "", "text": ""}, "The attachments are: 'acme.pdf', 'cake.txt'."),
        ({"document": "acme.pdf", "text": "an invoice"}, "exactly one"),
        ({"text": ""}, "empty"),
        ({"text": " \n"}, "empty"),
        ({"document": 7}, "as a string"),
        ({"text": ["an invoice"]}, "as a string"),
    ],
)
def test_the_model_is_told_its_own_mistakes(
    tool: ClassifyTool, face: str, arguments: dict[str, Any], hint: str
) -> None:
    message = called(tool, face, **arguments)
    assert message.status == "error"
    assert hint in message.content
    assert message.artifact is None


@every_face
@pytest.mark.parametrize("arguments", [{}, {"document": None}, {"document": ""}, {"document": "", "text": ""}])
def test_the_only_attachment_needs_no_name(rules: list[Rule], face: str, arguments: dict[str, Any]) -> None:
    """The natural question is "what is this attachment?"."""
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents={"acme.pdf": "an invoice"})
    message = called(tool, face, **arguments)
    assert message.status == "success"
    assert message.artifact["source_name"] == "acme.pdf"
    assert invoked(tool, face, {}).startswith("invoice")


@every_face
def test_an_empty_text_is_not_taken_for_the_only_attachment(rules: list[Rule], face: str) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents={"acme.pdf": "an invoice"})
    assert "empty" in called(tool, face, text=" ").content


@every_face
@pytest.mark.parametrize("arguments", [{"document": "acme.pdf", "text": ""}, {"document": "", "text": "an invoice"}])
def test_what_a_model_leaves_blank_is_as_if_it_were_left_out(
    tool: ClassifyTool, face: str, arguments: dict[str, str]
) -> None:
    assert called(tool, face, **arguments).artifact["type"] == "invoice"


@every_face
@pytest.mark.parametrize("name", ["`acme.pdf`", "'acme.pdf'", "./acme.pdf", "ACME.pdf"])
def test_an_attachment_is_found_however_a_model_writes_its_name(tool: ClassifyTool, face: str, name: str) -> None:
    message = called(tool, face, document=name)
    assert message.artifact["source_name"] == "acme.pdf"
    assert invoked(tool, face, name).startswith("invoice")


@every_face
@pytest.mark.parametrize("value", [{}, {"document": "acme.pdf"}])
def test_without_attachments_the_model_is_told_to_give_the_text(rules: list[Rule], face: str, value: Any) -> None:
    message = called(ClassifyTool(rules, backend=ScriptedBackend()), face, **value)
    assert message.status == "error"
    assert str(message.content).endswith("There are no attachments; give the document's text as `text`.")


@every_face
def test_with_handling_off_a_mistake_of_the_model_is_a_tool_exception(rules: list[Rule], face: str) -> None:
    tool = ClassifyTool(rules, backend="local", handle_tool_error=False)
    with pytest.raises(ToolException, match="no attachments"):
        called(tool, face, document="acme.pdf")


@pytest.mark.parametrize("kind", ["absolute", "relative", "working directory"])
def test_a_name_is_never_taken_for_a_file(
    kind: str, rules: list[Rule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "private.txt").write_text("an invoice")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path if kind == "working directory" else tmp_path / "folder")
    name = {
        "absolute": str(tmp_path / "private.txt"),
        "relative": "../private.txt",
        "working directory": "private.txt",
    }[kind]
    backend = ScriptedBackend()
    message = called(ClassifyTool(rules, backend=backend, documents=DOCUMENTS), document=name)
    assert message.status == "error"
    assert not backend.asked


def test_no_match_names_what_comes_closest(rules: list[Rule]) -> None:
    near = (Alternative(type="invoice", confidence=0.4), Alternative(type="recipe", confidence=0.001))
    answer = Answer(type=None, confidence=0.4, reasoning="no total", alternatives=near)
    tool = ClassifyTool(rules, backend=ScriptedBackend(lambda text: answer))
    assert called(tool, text="a letter").content == "no rule matched; closest: invoice 0.40: no total"


def test_a_withheld_type_is_not_given_as_the_answer(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend(), min_confidence=0.95)
    message = called(tool, text="an invoice")
    assert str(message.content).startswith("not sure enough (confidence 0.90)")
    assert message.artifact["type"] is None


def test_a_long_reasoning_is_cut_and_kept_on_one_line(rules: list[Rule]) -> None:
    answer = Answer(type="invoice", confidence=1.0, reasoning="because\n" * 500)
    tool = ClassifyTool(rules, backend=ScriptedBackend(lambda text: answer))
    content = called(tool, text="x").content
    assert len(content) < 560
    assert "\n" not in content


def test_the_message_survives_serialisation_with_its_artifact(tool: ClassifyTool) -> None:
    message = called(tool, document="acme.pdf")
    again = reloaded(message)
    assert again == message
    assert Classification.model_validate(json.loads(message.model_dump_json())["artifact"]).type == "invoice"


def test_documents_are_in_neither_repr_nor_dump_nor_pickle(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend="local", documents={"acme.pdf": SECRET_WORDS})
    assert SECRET_WORDS not in f"{tool!r} {tool} {dumps(tool)} {tool.model_dump()}"
    assert SECRET_WORDS.encode() not in pickle.dumps(tool)
    again = pickle.loads(pickle.dumps(tool)).with_documents({"acme.pdf": "invoice number, total amount due"})
    assert called(again, document="acme.pdf").status == "success"


def test_other_attachments_share_the_classifier_and_leave_the_first_tool_alone(tool: ClassifyTool) -> None:
    other = tool.with_documents({"b.txt": "a recipe"})
    assert other.classifier is tool.classifier
    assert called(other, document="b.txt").artifact["type"] == "recipe"
    assert called(other, document="acme.pdf").status == "error"
    assert called(tool, document="b.txt").status == "error"


def test_unusable_documents_are_refused_without_showing_them(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        ClassifyTool(rules, backend="local", documents=cast("Any", {"a": SECRET_WORDS, "b": 7}))
    with pytest.raises(InvalidOptionError, match="maps names"):
        ClassifyTool(rules, backend="local", documents=cast("Any", [SECRET_WORDS]))
    assert SECRET_WORDS not in str(caught.value)


@every_face
def test_a_mistake_of_the_model_can_be_told_in_words_of_your_own(rules: list[Rule], face: str) -> None:
    tool = ClassifyTool(rules, backend="local", handle_tool_error="Try again.", handle_validation_error="A string.")
    assert called(tool, face, document="x").content == "Try again."
    assert called(tool, face, document=7).content == "A string."


async def test_the_event_loop_runs_on_while_the_tool_works(rules: list[Rule]) -> None:
    backend = HeldBackend()
    tool = ClassifyTool(rules, backend=backend, documents=DOCUMENTS)
    work = asyncio.create_task(tool.ainvoke({"document": "acme.pdf"}))
    await until(backend.begun.is_set)
    assert not work.done()
    backend.release.set()
    assert (await work).startswith("invoice")


async def test_cancelling_a_call_cancels_the_work(rules: list[Rule]) -> None:
    backend = HeldBackend()
    work = asyncio.create_task(ClassifyTool(rules, backend=backend).ainvoke({"text": "an invoice"}))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled == 1)


async def test_calls_at_once_keep_their_texts_apart(rules: list[Rule]) -> None:
    tool = ClassifyTool(classifier=Classifier(rules, backend=ScriptedBackend()))
    texts = ["an invoice", "a recipe", "neither"] * 5
    found = await asyncio.gather(*(tool.ainvoke({"text": text}) for text in texts))
    assert [one.split()[0] for one in found] == ["invoice", "recipe", "no"] * 5


def test_a_deep_copy_has_attachments_of_its_own(tool: ClassifyTool) -> None:
    copied = copy.deepcopy(tool)
    copied.documents.clear()
    assert tool.documents
    assert copied.classifier is tool.classifier
