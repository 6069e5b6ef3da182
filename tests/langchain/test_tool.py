from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
from typing import TYPE_CHECKING, Any, cast

import pytest
from langchain_core.documents import Document
from langchain_core.load import dumps
from langchain_core.messages import ToolMessage
from langchain_core.runnables import ConfigurableField
from langchain_core.tools import ToolException
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, ValidationError

from classify_core import (
    Alternative,
    Answer,
    AuthenticationError,
    Classification,
    Classifier,
    ClassifyError,
    ClassifyRequest,
    ConnectionFailedError,
    InvalidOptionError,
    InvalidResponseError,
    OutOfCreditsError,
    Rule,
    Source,
)
from langchain_classify import ClassifyTool
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import SECRET_WORDS, fails_on, reloaded

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS: dict[str, Any] = {"acme.pdf": "an invoice", "cake.txt": b"a recipe"}


@pytest.fixture(params=["invoke", "ainvoke"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tool(rules: list[Rule]) -> ClassifyTool:
    return ClassifyTool(rules, backend=ScriptedBackend(), documents=DOCUMENTS)


def invoked(tool: ClassifyTool, face: str, value: Any) -> Any:
    found = getattr(tool, face)(value)
    return asyncio.run(found) if inspect.iscoroutine(found) else found


def called(tool: ClassifyTool, face: str = "invoke", **arguments: Any) -> ToolMessage:
    """The tool as an agent calls it."""
    message = invoked(tool, face, {"type": "tool_call", "id": "call-1", "name": tool.name, "args": arguments})
    assert isinstance(message, ToolMessage)
    return message


def test_an_attachment_is_answered_in_one_line_with_an_artifact(tool: ClassifyTool, face: str) -> None:
    message = called(tool, face, document="acme.pdf")
    assert message.content == "invoice (confidence 0.90): the text says invoice"
    assert message.status == "success"
    found = Classification.model_validate(message.artifact)
    assert (found.type, found.confidence, found.source_name) == ("invoice", 0.9, "acme.pdf")


def test_a_text_is_answered_too(tool: ClassifyTool, face: str) -> None:
    assert called(tool, face, text="this is a recipe").artifact["type"] == "recipe"
    assert called(tool, face, document=None, text="this is a recipe").artifact["type"] == "recipe"


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


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"document": "other.pdf"}, "The attachments are: 'acme.pdf', 'cake.txt'."),
        ({"document": ""}, "The attachments are"),
        ({}, "exactly one"),
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


@pytest.mark.parametrize("fault", [AuthenticationError, OutOfCreditsError, ConnectionFailedError, InvalidResponseError])
def test_a_fault_of_the_service_is_raised_and_not_blamed_on_the_model(
    fault: type[ClassifyError], rules: list[Rule], face: str
) -> None:
    tool = ClassifyTool(rules, backend=fails_on("invoice", fault), documents=DOCUMENTS)
    with pytest.raises(fault, match=r"acme\.pdf"):
        called(tool, face, document="acme.pdf")


class BrokenBackend(ScriptedBackend):
    """Breaks the contract in two ways that end in pydantic's own error."""

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        if b"invoice" in (request.content.data if request.content else b""):
            return Answer.model_validate({"type": "invoice", "confidence": "very"})
        return Answer.model_construct(type="recipe", confidence=7.0, reasoning="", alternatives=(), backend=None)


@pytest.mark.parametrize("document", ["acme.pdf", "cake.txt"])
def test_a_broken_answer_is_never_taken_for_the_models_bad_input(document: str, rules: list[Rule], face: str) -> None:
    tool = ClassifyTool(rules, backend=BrokenBackend(), documents=DOCUMENTS, handle_validation_error=True)
    with pytest.raises(ClassifyError) as caught:
        called(tool, face, document=document)
    assert not isinstance(caught.value, ValidationError)


def test_annotated_the_model_is_told_that_a_document_could_not_be_classified(rules: list[Rule], face: str) -> None:
    tool = ClassifyTool(rules, backend=fails_on("broken"), documents={"a.pdf": "broken"}, on_failure="annotate")
    message = called(tool, face, document="a.pdf")
    assert str(message.content).startswith("could not be classified (failed): document 'a.pdf': no broken here")
    assert message.artifact["status"] == "failed"
    assert Classification.model_validate(message.artifact).source_name == "a.pdf"


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


def test_the_description_names_the_types_and_stays_under_the_limit_whatever_the_rules(rules: list[Rule]) -> None:
    assert "invoice, recipe" in ClassifyTool(rules, backend="local").description
    many = [Rule(type=f"{number:050d}", description="A numbered kind.") for number in range(10_000)]
    described = ClassifyTool(many, backend="local").description
    assert len(described) < 1024
    assert f"{0:050d}" in described
    assert "more" in described
    assert ClassifyTool(rules, backend="local", description="Mine.").description == "Mine."


def test_what_the_model_sees_is_two_optional_strings(tool: ClassifyTool) -> None:
    function = convert_to_openai_tool(tool)["function"]
    assert function["name"] == "classify_document"
    assert set(function["parameters"]["properties"]) == {"document", "text"}
    assert "required" not in function["parameters"] or not function["parameters"]["required"]


def test_an_argument_the_schema_does_not_know_gives_no_access(tool: ClassifyTool) -> None:
    """Nothing is injected, so there is nothing that a model could supply in its place."""
    message = called(tool, document="x", documents={"x": "an invoice"}, root="/", run_manager=None)
    assert message.status == "error"


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


def test_saved_rules_need_no_request_at_construction(rules: list[Rule]) -> None:
    tool = ClassifyTool(configuration_id="cfg-1", api_key="llx-some-key-0123456789", base_url="http://127.0.0.1:1")
    assert tool.description
    assert "Types" not in tool.description


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


def test_an_args_schema_of_the_users_own_is_kept(rules: list[Rule]) -> None:
    class OnlyText(BaseModel):
        text: str

    tool = ClassifyTool(rules, backend=ScriptedBackend(), args_schema=OnlyText)
    assert set(tool.args) == {"text"}
    assert tool.invoke({"text": "an invoice"}).startswith("invoice")


def test_an_argument_that_a_subclass_adds_arrives_as_it_was_given(rules: list[Rule]) -> None:
    class WithLanguage(BaseModel):
        text: str
        language: str

    class Multilingual(ClassifyTool):
        def _run(self, text: str, language: str, run_manager: Any = None) -> Any:  # type: ignore[override]
            content, artifact = super()._run(text=text)
            return f"{language}: {content}", artifact

    tool = Multilingual(rules=rules, backend=ScriptedBackend(), args_schema=WithLanguage)
    assert tool.invoke({"text": "an invoice", "language": "en"}).startswith("en: invoice")


def test_other_rules_for_one_call_are_described_to_the_model_too(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend())
    configurable = tool.configurable_fields(rules=ConfigurableField(id="rules"))
    poem = [Rule(type="poem", description="Lines that rhyme, in verses.")]
    configured = configurable.with_config(configurable={"rules": poem})
    assert configured.invoke({"text": "a poem of rain"}).startswith("poem")
    prepared, _ = configurable.prepare({"configurable": {"rules": poem}})
    assert "poem" in prepared.description
    assert "invoice" not in prepared.description


def test_the_artifact_cannot_be_switched_off_into_the_content(rules: list[Rule]) -> None:
    with pytest.raises(ValidationError):
        ClassifyTool(rules, backend=ScriptedBackend(), response_format="content")


def test_a_deep_copy_has_attachments_of_its_own(tool: ClassifyTool) -> None:
    copied = copy.deepcopy(tool)
    copied.documents.clear()
    assert tool.documents
    assert copied.classifier is tool.classifier
