"""The tools that an agent is given: what they say, what they take, and whom they tell what."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import Document, TextNode
from llama_index.core.tools import FunctionTool, ToolMetadata, ToolOutput, function_tool
from llama_index.core.tools.calling import acall_tool, call_tool
from llama_index.core.tools.tool_spec.base import BaseToolSpec
from pydantic import Field

from classify_core import (
    Answer,
    AuthenticationError,
    Classification,
    Classifier,
    ClassifyError,
    ConnectionFailedError,
    InvalidOptionError,
    InvalidResponseError,
    OutOfCreditsError,
    Rule,
    Source,
    UnreadableDocumentError,
)
from classify_core.agent_answers import AgentAnswer
from llama_index_classify.progress import ClassifyProgressEvent
from llama_index_classify.tool_spec import ClassifyToolSpec
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import CollectingSpanHandler, fails_on

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS: dict[str, Any] = {"acme.pdf": "an invoice", "cake.txt": b"a recipe"}
INVOICE = "invoice (confidence 0.90): the text says invoice"
SECRET_WORDS = "the treasure lies under the oak"


@pytest.fixture(params=["call", "acall"])
def face(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spec(rules: list[Rule]) -> ClassifyToolSpec:
    return ClassifyToolSpec(rules, backend=ScriptedBackend(), documents=DOCUMENTS)


def tools_of(spec: ClassifyToolSpec) -> dict[str, FunctionTool]:
    return {tool.metadata.get_name(): tool for tool in spec.to_tool_list()}


def called(spec: ClassifyToolSpec, face: str = "call", **arguments: Any) -> ToolOutput:
    """The tool that takes these arguments, as an agent calls it."""
    tool = tools_of(spec)["classify_text" if "text" in arguments else "classify_document"]
    return tool.call(**arguments) if face == "call" else asyncio.run(tool.acall(**arguments))


def found_by(output: ToolOutput) -> Classification:
    assert isinstance(output.raw_output, AgentAnswer)
    assert output.raw_output.classification is not None
    return output.raw_output.classification


def test_it_is_what_the_framework_expects() -> None:
    assert BaseToolSpec.__name__ in [parent.__name__ for parent in ClassifyToolSpec.__mro__]


def test_an_attachment_is_answered_in_one_line_with_the_classification_behind_it(
    spec: ClassifyToolSpec, face: str
) -> None:
    output = called(spec, face, name="acme.pdf")
    assert output.content == str(output) == str(output.raw_output) == INVOICE
    found = found_by(output)
    assert (found.type, found.confidence, found.source_name) == ("invoice", 0.9, "acme.pdf")


def test_a_text_is_answered_too(spec: ClassifyToolSpec, face: str) -> None:
    output = called(spec, face, text="this is a recipe")
    assert output.content == "recipe (confidence 0.90): the text says recipe"
    assert found_by(output).type == "recipe"


async def test_the_functions_are_there_for_a_program_without_an_agent(spec: ClassifyToolSpec) -> None:
    answers = [
        spec.classify_document("acme.pdf"),
        await spec.aclassify_document("acme.pdf"),
        spec.classify_text("an invoice"),
        await spec.aclassify_text("an invoice"),
    ]
    assert [str(answer) for answer in answers] == [INVOICE] * 4


def test_an_output_survives_serialisation(spec: ClassifyToolSpec) -> None:
    output = called(spec, name="acme.pdf")
    again = ToolOutput.model_validate_json(output.model_dump_json(exclude={"raw_input"})[:-1] + ',"raw_input":{}}')
    assert AgentAnswer.model_validate(again.raw_output) == output.raw_output


def test_attachments_may_be_anything_that_can_be_classified(rules: list[Rule], tmp_path: Path) -> None:
    file = tmp_path / "bill.txt"
    file.write_text("an invoice")
    documents: dict[str, Any] = {
        "text": "an invoice",
        "bytes.txt": b"an invoice",
        "path": file,
        "source": Source.text("an invoice"),
        "document": Document(text="an invoice", metadata={"file_path": "/etc/passwd"}),
        "node": TextNode(text="an invoice"),
    }
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), documents=documents)
    assert [found_by(called(spec, name=name)).type for name in documents] == ["invoice"] * 6


def test_the_nodes_of_one_attachment_are_one_document_in_reading_order(rules: list[Rule], face: str) -> None:
    pages = [Document(text=f"page {label}", metadata={"page_label": label}) for label in ("2", "10", "1")]
    backend = ScriptedBackend()
    spec = ClassifyToolSpec(rules, backend=backend, documents={"acme.pdf": pages})
    assert found_by(called(spec, face, name="acme.pdf")).source_name == "acme.pdf"
    assert dict(backend.asked) == {"page 1\n\npage 2\n\npage 10": 1}


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ({"name": "other.pdf"}, "The attachments are: 'acme.pdf', 'cake.txt'."),
        ({"name": ""}, "The attachments are"),
        ({"name": 7}, "The attachments are"),
        ({"name": None}, "The attachments are"),
        ({"name": ["acme.pdf"]}, "The attachments are"),
        ({"text": ""}, "empty"),
        ({"text": " \n"}, "empty"),
        ({"text": None}, "empty"),
        ({"text": ["an invoice"]}, "empty"),
    ],
)
def test_the_model_is_told_its_own_mistakes_in_words(
    spec: ClassifyToolSpec, face: str, arguments: dict[str, Any], hint: str
) -> None:
    output = called(spec, face, **arguments)
    assert hint in output.content
    assert output.raw_output.classification is None


def test_a_model_may_write_a_number_where_a_name_is_one(rules: list[Rule]) -> None:
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), documents={"7": "an invoice"})
    assert found_by(called(spec, name=7)).type == "invoice"


@pytest.mark.parametrize("fault", [AuthenticationError, OutOfCreditsError, ConnectionFailedError, InvalidResponseError])
def test_a_fault_of_the_service_is_raised_as_our_error(
    fault: type[ClassifyError], rules: list[Rule], face: str
) -> None:
    def behaviour(text: str) -> ClassifyError:
        return fault("not today")

    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(behaviour), documents=DOCUMENTS)
    with pytest.raises(fault, match=r"acme\.pdf.*not today"):
        called(spec, face, name="acme.pdf")
    with pytest.raises(fault, match="not today"):
        called(spec, face, text="an invoice")


def test_annotated_the_model_is_told_that_a_document_could_not_be_classified(rules: list[Rule], face: str) -> None:
    spec = ClassifyToolSpec(rules, backend=fails_on("broken"), documents={"a.pdf": "broken"}, on_failure="annotate")
    output = called(spec, face, name="a.pdf")
    assert output.content == "could not be classified (failed): document 'a.pdf': broken cannot be read"
    assert found_by(output).status == "failed"


@pytest.mark.parametrize("on_failure", ["raise", "annotate"])
def test_the_place_of_an_attachment_on_this_machine_is_never_told(
    rules: list[Rule], face: str, tmp_path: Path, on_failure: Any
) -> None:
    documents = {"acme.pdf": tmp_path / "missing.pdf"}
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), documents=documents, on_failure=on_failure)
    tool = tools_of(spec)["classify_document"]
    arguments = {"name": "acme.pdf"}
    told = call_tool(tool, arguments) if face == "call" else asyncio.run(acall_tool(tool, arguments))
    assert "there is no file missing.pdf" in told.content
    assert str(tmp_path) not in told.content
    assert told.is_error == (on_failure == "raise")


def test_no_match_and_a_withheld_type_are_answers(rules: list[Rule], face: str) -> None:
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), min_confidence=0.95)
    assert called(spec, face, text="an invoice").content.startswith("not sure enough")
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend())
    assert called(spec, face, text="a letter").content.startswith("no rule matched")


def test_a_long_reasoning_is_cut_and_kept_on_one_line(rules: list[Rule]) -> None:
    answer = Answer(type="invoice", confidence=1.0, reasoning="because\n" * 500)
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(lambda text: answer))
    content = called(spec, text="x").content
    assert len(content) < 560
    assert "\n" not in content


@pytest.mark.parametrize("kind", ["absolute", "relative", "working directory"])
def test_without_a_root_a_name_is_never_taken_for_a_file(
    kind: str, rules: list[Rule], face: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    output = called(ClassifyToolSpec(rules, backend=backend, documents=DOCUMENTS), face, name=name)
    assert output.raw_output.classification is None
    assert not backend.asked


def test_what_cannot_be_answered_is_not_offered(rules: list[Rule], tmp_path: Path) -> None:
    def offered(**options: Any) -> list[str]:
        return list(tools_of(ClassifyToolSpec(rules, backend="local", **options)))

    assert offered() == ["classify_text"]
    assert offered(documents={}) == ["classify_text"]
    assert offered(documents=DOCUMENTS) == ["classify_document", "classify_text"]
    assert offered(root=tmp_path) == ["classify_document", "classify_text"]
    assert str(ClassifyToolSpec(rules, backend="local").classify_document("x")).endswith("as `text`.")


async def test_the_list_can_be_asked_for_asynchronously_and_narrowed(spec: ClassifyToolSpec) -> None:
    assert [tool.metadata.name for tool in spec.to_tool_list(["classify_text"])] == ["classify_text"]
    assert [tool.metadata.name for tool in spec.to_tool_list(["aclassify_text"])] == ["classify_text"]
    own = ToolMetadata("Mine.", "what_is_it", spec.to_tool_list()[0].metadata.fn_schema)
    described = {tool.metadata.name: tool.metadata for tool in spec.to_tool_list(None, {"classify_document": own})}
    assert described["what_is_it"].description == "Mine."
    assert "invoice" in described["classify_text"].description
    if hasattr(spec, "to_tool_list_async"):  # not in 0.13.0
        assert [tool.metadata.name for tool in await spec.to_tool_list_async()] == list(tools_of(spec))


def test_a_subclass_may_offer_more(rules: list[Rule]) -> None:
    class More(ClassifyToolSpec):
        spec_functions = [*ClassifyToolSpec.spec_functions, "count"]  # noqa: RUF012 - as the framework declares it

        def count(self) -> int:
            """Counts the rules."""
            return 2

    assert list(tools_of(More(rules, backend="local"))) == ["classify_text", "count"]


@pytest.mark.parametrize("count", [1, 40, 300, 5000])
def test_a_description_is_never_too_long_for_an_api_whatever_the_rules(count: int, tmp_path: Path) -> None:
    rules = [Rule(type=f"{number:050d}", description="A numbered kind.") for number in range(count)]
    without = ClassifyToolSpec(rules, backend="local", documents=DOCUMENTS)
    rooted = ClassifyToolSpec(classifier=without.classifier, root=tmp_path)
    for tool in [*without.to_tool_list(), *rooted.to_tool_list()]:
        function = tool.metadata.to_openai_tool()["function"]  # raises where it is too long
        assert f"{0:050d}" in function["description"]
        assert ("more." in function["description"]) == (count > 20)


def test_what_the_model_sees_is_one_described_string(spec: ClassifyToolSpec) -> None:
    for tool, parameter in zip(spec.to_tool_list(), ("name", "text"), strict=True):
        function = tool.metadata.to_openai_tool()["function"]
        assert "invoice, recipe" in function["description"]
        assert list(function["parameters"]["properties"]) == function["parameters"]["required"] == [parameter]
        assert function["parameters"]["properties"][parameter]["type"] == "string"
        assert len(function["parameters"]["properties"][parameter]["description"]) > 10


def test_a_function_that_is_wrapped_by_hand_is_described_within_limits_too(spec: ClassifyToolSpec) -> None:
    for function in (spec.classify_document, spec.classify_text, spec.aclassify_document, spec.aclassify_text):
        assert FunctionTool.from_defaults(function).metadata.to_openai_tool()


def test_saved_rules_need_no_request_to_be_described(rules: list[Rule]) -> None:
    spec = ClassifyToolSpec(configuration_id="cfg-1", api_key="llx-some-key-0123456789", base_url="http://127.0.0.1:1")
    assert "Types" not in tools_of(spec)["classify_text"].metadata.description


async def test_a_call_inside_a_running_loop_starts_no_loop_of_its_own(
    spec: ClassifyToolSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bridged(coroutine: Any) -> None:
        coroutine.close()
        raise AssertionError("asyncio_run was used")

    monkeypatch.setattr(function_tool, "asyncio_run", bridged)
    tools = tools_of(spec)
    assert tools["classify_document"].call(name="acme.pdf").content == INVOICE
    assert tools["classify_text"](text="an invoice").content == INVOICE


async def test_our_error_stays_ours_inside_a_running_loop(rules: list[Rule]) -> None:
    tool = tools_of(ClassifyToolSpec(rules, backend=fails_on("broken")))["classify_text"]
    with pytest.raises(UnreadableDocumentError, match="broken cannot be read"):
        tool.call(text="broken")


def test_a_call_in_a_thread_without_a_loop_warns_of_nothing(spec: ClassifyToolSpec) -> None:
    async def threads() -> list[ToolOutput]:
        tool = tools_of(spec)["classify_document"]
        return await asyncio.gather(*(asyncio.to_thread(tool.call, name="acme.pdf") for _ in range(4)))

    assert [output.content for output in asyncio.run(threads())] == [INVOICE] * 4


@pytest.mark.parametrize("arguments", [{"name": "acme.pdf"}, {"text": "an invoice"}])
async def test_the_event_loop_runs_on_while_a_tool_works(rules: list[Rule], arguments: dict[str, str]) -> None:
    backend = HeldBackend()
    tools = tools_of(ClassifyToolSpec(rules, backend=backend, documents=DOCUMENTS))
    tool = tools["classify_text" if "text" in arguments else "classify_document"]
    work = asyncio.create_task(tool.acall(**arguments))
    await until(backend.begun.is_set)
    assert not work.done()
    backend.release.set()
    assert (await work).content == INVOICE


async def test_cancelling_a_call_cancels_the_work(rules: list[Rule]) -> None:
    backend = HeldBackend()
    tool = tools_of(ClassifyToolSpec(rules, backend=backend))["classify_text"]
    work = asyncio.create_task(tool.acall(text="an invoice"))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled == 1)


async def test_calls_at_once_keep_their_texts_apart(rules: list[Rule]) -> None:
    tool = tools_of(ClassifyToolSpec(classifier=Classifier(rules, backend=ScriptedBackend())))["classify_text"]
    texts = ["an invoice", "a recipe", "neither"] * 5
    found = await asyncio.gather(*(tool.acall(text=text) for text in texts))
    assert [one.content.split()[0] for one in found] == ["invoice", "recipe", "no"] * 5


def test_an_attachment_that_is_asked_for_again_is_not_classified_again(rules: list[Rule], face: str) -> None:
    backend = ScriptedBackend()
    spec = ClassifyToolSpec(rules, backend=backend, documents=DOCUMENTS)
    assert [called(spec, face, name="acme.pdf").content for _ in range(3)] == [INVOICE] * 3
    assert backend.asked.total() == 1


def test_other_attachments_share_the_classifier_and_leave_the_first_tools_alone(spec: ClassifyToolSpec) -> None:
    other = spec.with_documents({"b.txt": "a recipe"})
    assert other.classifier is spec.classifier
    assert found_by(called(other, name="b.txt")).type == "recipe"
    assert called(other, name="acme.pdf").raw_output.classification is None
    assert called(spec, name="b.txt").raw_output.classification is None
    assert list(tools_of(other.with_documents({}))) == ["classify_text"]


def test_documents_are_in_neither_repr_nor_pickle_and_copies_keep_them(rules: list[Rule]) -> None:
    spec = ClassifyToolSpec(rules, backend="local", documents={"acme.pdf": SECRET_WORDS}, on_failure="annotate")
    assert SECRET_WORDS not in f"{spec!r} {spec} {spec.classifier!r}"
    assert SECRET_WORDS.encode() not in pickle.dumps(spec)
    again = pickle.loads(pickle.dumps(spec))
    assert list(tools_of(again)) == ["classify_text"]
    assert list(tools_of(again.with_documents({"a": "b"}))) == ["classify_document", "classify_text"]
    for copied in (copy.copy(spec), copy.deepcopy(spec)):
        assert copied.classifier is spec.classifier
        assert called(copied, name="acme.pdf").raw_output.classification is not None


def test_a_key_is_in_neither_repr_nor_pickle(rules: list[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
    key = "llx-some-key-0123456789"
    spec = ClassifyToolSpec(rules, api_key=key, backend="hosted")
    shown = f"{spec!r} {tools_of(spec)} {[vars(tool) for tool in spec.to_tool_list()]}"
    assert key not in shown
    assert key.encode() not in pickle.dumps(spec)
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        pickle.loads(pickle.dumps(spec))
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", key)
    assert pickle.loads(pickle.dumps(spec)).classifier.backend.name == "hosted"


def test_no_span_tells_an_attachment_s_text(rules: list[Rule], face: str, spans: CollectingSpanHandler) -> None:
    documents: dict[str, Any] = {"acme.pdf": SECRET_WORDS, "b.pdf": [TextNode(text=SECRET_WORDS)]}
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), documents=documents)
    for name in documents:
        called(spec, face, name=name)
    assert [name for name in spans.names if name.startswith("FunctionTool.")]
    assert SECRET_WORDS not in " ".join(spans.told)


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"keep_types": ["invoice"]}, "keep_types"),
        ({"on_error": "record"}, "on_error"),
        ({"on_failure": "skip"}, "on_failure"),
        ({"documents": ["a"]}, "maps names"),
        ({"documents": {"a": 7}}, "cannot classify a int"),
        ({"documents": {"a": []}}, "cannot classify a list"),
        ({"documents": {"a": [TextNode(text="a"), "b"]}}, "cannot classify a list"),
        ({"root": "missing folder"}, "give one that exists"),
        ({"root": ""}, "give one that exists"),
        ({"root": []}, "at least one"),
    ],
)
def test_an_unusable_argument_is_refused_at_construction(rules: list[Rule], options: dict[str, Any], hint: str) -> None:
    with pytest.raises(InvalidOptionError, match=hint):
        ClassifyToolSpec(rules, **{"backend": "local", **options})


def test_unusable_documents_are_refused_without_showing_them(rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError) as caught:
        ClassifyToolSpec(rules, backend="local", documents=cast("Any", {"a": [SECRET_WORDS]}))
    assert SECRET_WORDS not in str(caught.value)


def test_a_classifier_and_its_arguments_together_are_refused(spec: ClassifyToolSpec, rules: list[Rule]) -> None:
    assert ClassifyToolSpec(classifier=spec.classifier).classifier is spec.classifier
    for arguments in ({"rules": rules}, {"min_confidence": 0.5}):
        with pytest.raises(InvalidOptionError, match="classifier= was given"):
            ClassifyToolSpec(classifier=spec.classifier, **cast("Any", arguments))


class Handler(BaseEventHandler):
    events: list[ClassifyProgressEvent] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Handler"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, ClassifyProgressEvent):
            self.events.append(event)


@pytest.fixture
def handler() -> Iterator[Handler]:
    dispatcher, own = get_dispatcher("root"), Handler()
    before = list(dispatcher.event_handlers)
    dispatcher.add_event_handler(own)
    yield own
    dispatcher.event_handlers = before


def test_handlers_hear_what_happens_to_a_document_within_the_tool_s_span(
    spec: ClassifyToolSpec, face: str, handler: Handler, spans: CollectingSpanHandler
) -> None:
    called(spec, face, name="acme.pdf")
    called(spec, face, text="an invoice")
    assert [(event.stage, event.source_name) for event in handler.events] == [("done", "acme.pdf"), ("cached", None)]
    assert all(str(event.span_id).startswith(f"FunctionTool.{face}") for event in handler.events)
