"""Who hears of a chat model's calls, in which documents' texts stand: nobody, unless it is asked for."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers.context import collect_runs
from langsmith.utils import get_env_var, tracing_is_enabled

from classify_core import Classifier, ConnectionFailedError, LocalBackend, Rule
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable, ClassifyTool
from langchain_classify.engines import ChatModelEngine
from tests.langchain.classifying_models import CallingModel, JsonModel, PlainModel, reply
from tests.langchain.helpers import INVOICE_TEXT, SECRET_WORDS, Recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = pytest.mark.parametrize("kind", [CallingModel, JsonModel, PlainModel])
FACES = pytest.mark.parametrize("face", ["invoke", "ainvoke", "batch", "abatch"])


def scripted(kind: Any = CallingModel, **fields: Any) -> Any:
    return kind(replies=[reply()], **fields)


def backend(model: Any, **options: Any) -> LocalBackend:
    return LocalBackend(ChatModelEngine(model, **options))


def run(component: Any, face: str, value: Any, config: Any = None) -> Any:
    """Calls a component from within a run of the caller's, as chains and agents do."""

    def call(_: Any) -> Any:
        return getattr(component, face)([value] if "batch" in face else value)

    async def acall(_: Any) -> Any:
        return await call(_)

    if face.startswith("a"):
        return asyncio.run(RunnableLambda(acall, name="caller").ainvoke(0, config))
    return RunnableLambda(call, name="caller").invoke(0, config)


@pytest.fixture
def langsmith_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    get_env_var.cache_clear()
    yield
    monkeypatch.undo()
    get_env_var.cache_clear()


@KINDS
@FACES
def test_a_tracer_hears_nothing_of_the_model_s_calls(kind: Any, face: str, rules: list[Rule]) -> None:
    model, recorder = scripted(kind), Recorder()
    run(ClassifyRunnable(rules, backend=backend(model)), face, INVOICE_TEXT, {"callbacks": [recorder]})

    assert len(model.prompts) == 1
    assert SECRET_WORDS in model.prompts[0]
    assert model.handlers == []
    assert {traced.name for traced in recorder.runs} == {"caller", "ClassifyRunnable"}
    assert SECRET_WORDS not in recorder.told()


@KINDS
@FACES
def test_nor_what_its_provider_says_when_it_fails(kind: Any, face: str, rules: list[Rule]) -> None:
    original = OSError(f"cannot read {INVOICE_TEXT} with the key sk-secret")
    recorder, told_by_its_cause = Recorder(), ConnectionError(str(original))
    original.__cause__ = told_by_its_cause
    with pytest.raises(ConnectionFailedError) as caught:
        run(
            ClassifyRunnable(rules, backend=backend(kind(replies=[original]))),
            face,
            INVOICE_TEXT,
            {"callbacks": [recorder]},
        )

    assert "OSError at " in recorder.told("ClassifyRunnable")
    for secret in (SECRET_WORDS, "sk-secret"):
        assert secret not in recorder.told() + "".join(traceback.format_exception(caught.value))
    assert caught.value.__cause__.original is original  # the program can look it up


@pytest.mark.parametrize("face", ["invoke", "ainvoke"])
def test_nor_where_a_transformer_or_a_tool_asks(face: str, rules: list[Rule]) -> None:
    model, recorder = scripted(), Recorder()
    transformer = ClassifyDocumentTransformer(rules, backend=backend(model))
    tool = ClassifyTool(rules, backend=backend(model), documents={"acme.pdf": INVOICE_TEXT})
    run(tool, face, {"document": "acme.pdf"}, {"callbacks": [recorder]})
    assert SECRET_WORDS not in recorder.told()
    assert isinstance(run(transformer, face, [Document(page_content=INVOICE_TEXT)], {"callbacks": [recorder]}), list)

    assert len(model.prompts) == 2
    assert model.handlers == []
    assert SECRET_WORDS not in recorder.told("ClassifyDocumentTransformer", tool.name)
    assert {"CallingModel", "PydanticToolsParser"}.isdisjoint(traced.name for traced in recorder.runs)


@pytest.mark.parametrize("traced", [False, True])
def test_nor_what_listens_to_everything_in_the_context(rules: list[Rule], *, traced: bool) -> None:
    model = scripted()
    with collect_runs():
        Classifier(rules, backend=backend(model, trace_prompts=traced)).classify(INVOICE_TEXT)

    assert [type(handler).__name__ for handler in model.handlers] == ["RunCollectorCallbackHandler"] * traced


def test_nor_langsmith_that_the_environment_turns_on(rules: list[Rule], langsmith_in_the_environment: None) -> None:
    model = scripted()
    assert tracing_is_enabled()
    Classifier(rules, backend=backend(model)).classify(INVOICE_TEXT)

    assert model.traced_by_langsmith == [False]
    assert model.handlers == []
    assert tracing_is_enabled()


@FACES
def test_a_handler_of_the_model_s_own_hears_of_its_calls(face: str, rules: list[Rule]) -> None:
    recorder = Recorder()
    model = scripted(callbacks=[recorder])
    run(ClassifyRunnable(rules, backend=backend(model)), face, INVOICE_TEXT)

    assert [traced.run_type for traced in recorder.runs] == ["llm"]
    assert SECRET_WORDS in recorder.told()


@KINDS
@FACES
def test_prompts_are_traced_where_that_is_asked_for(kind: Any, face: str, rules: list[Rule]) -> None:
    model, recorder = scripted(kind), Recorder()
    made = ClassifyRunnable(rules, backend=backend(model, trace_prompts=True))
    run(made, face, INVOICE_TEXT, {"callbacks": [recorder]})

    assert recorder in model.handlers
    assert SECRET_WORDS in recorder.told()


@pytest.mark.parametrize("face", ["invoke", "ainvoke"])
def test_a_traced_call_of_the_model_is_part_of_the_run_that_made_it(face: str, rules: list[Rule]) -> None:
    recorder = Recorder()
    made = ClassifyRunnable(rules, backend=backend(scripted(), trace_prompts=True))
    run(made, face, INVOICE_TEXT, {"callbacks": [recorder]})
    (classifying,) = recorder.named("ClassifyRunnable")
    (asking,) = recorder.named("CallingModel")
    parents = {traced.id: traced.parent_run_id for traced in recorder.runs}
    above = asking.id
    while above not in {classifying.id, None}:
        above = parents[above]

    assert above == classifying.id


async def test_asynchronous_handlers_hear_of_a_traced_call_too(rules: list[Rule]) -> None:
    class Listener(AsyncCallbackHandler):
        heard = 0

        async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            self.heard += 1

    silent, told = Listener(), Listener()
    await ClassifyRunnable(rules, backend=backend(scripted())).ainvoke(INVOICE_TEXT, {"callbacks": [silent]})
    traced = backend(scripted(), trace_prompts=True)
    await ClassifyRunnable(rules, backend=traced).ainvoke(INVOICE_TEXT, {"callbacks": [told]})

    assert (silent.heard, told.heard) == (0, 1)
