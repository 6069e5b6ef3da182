"""Callback handlers of a run hear what happens to its documents."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import Rule
from classify_core.progress import Stage
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable, ClassifyTool
from langchain_classify.progress import EVENT_NAME
from tests.backends import JobScriptedBackend, ScriptedBackend
from tests.langchain.helpers import INVOICE_TEXT, RECIPE_TEXT, SECRET_WORDS, fails_on

if TYPE_CHECKING:
    from collections.abc import Callable

INVOICE = Document(page_content=INVOICE_TEXT, metadata={"source": "acme.pdf"})
RECIPE = Document(page_content=RECIPE_TEXT, metadata={"source": "cake.pdf"})


class Told:
    """What a handler is told: the run, and the event."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.runs: list[UUID] = []
        self.begun: list[UUID] = []

    def keep(self, name: str, data: dict[str, Any], run_id: UUID) -> None:
        assert name == EVENT_NAME
        self.events.append(data)
        self.runs.append(run_id)

    def stages(self, index: int = 0) -> list[str]:
        return [event["stage"] for event in self.events if event["index"] == index]


class Handler(Told, BaseCallbackHandler):
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.keep(name, data, run_id)

    def on_chain_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        self.begun.append(run_id)

    def on_tool_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        self.begun.append(run_id)


class AsyncHandler(Told, AsyncCallbackHandler):
    async def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        self.keep(name, data, run_id)

    async def on_chain_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        self.begun.append(run_id)

    async def on_tool_start(self, *args: Any, run_id: UUID, **kwargs: Any) -> None:
        self.begun.append(run_id)


class Raising(BaseCallbackHandler):
    def __init__(self, *, raise_error: bool) -> None:
        self.raise_error = raise_error
        self.count = 0

    def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
        self.count += 1
        raise LookupError(name)


def _runnable(rules: list[Rule], backend: ScriptedBackend) -> tuple[Any, Any]:
    return ClassifyRunnable(rules, backend=backend, on_failure="annotate"), INVOICE


def _transformer(rules: list[Rule], backend: ScriptedBackend) -> tuple[Any, Any]:
    return ClassifyDocumentTransformer(rules, backend=backend), [INVOICE]


def _tool(rules: list[Rule], backend: ScriptedBackend) -> tuple[Any, Any]:
    tool = ClassifyTool(rules, backend=backend, documents={"acme.pdf": INVOICE}, on_failure="annotate")
    return tool, {"document": "acme.pdf"}


every_component = pytest.mark.parametrize("made", [_runnable, _transformer, _tool], ids=lambda made: made.__name__[1:])
Made: TypeAlias = "Callable[[list[Rule], ScriptedBackend], tuple[Any, Any]]"


@pytest.fixture(params=["sync", "async", "async-handler"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _handler(way: str) -> Handler | AsyncHandler:
    return AsyncHandler() if way == "async-handler" else Handler()


def _call(way: str, component: Any, name: str, *args: Any, **options: Any) -> Any:
    if way == "sync":
        return getattr(component, name)(*args, **options)
    return asyncio.run(getattr(component, f"a{name}")(*args, **options))


@every_component
def test_a_document_s_events_are_heard_in_order_within_the_component_s_run(
    way: str, made: Made, rules: list[Rule]
) -> None:
    component, value = made(rules, JobScriptedBackend())
    handler = _handler(way)
    _call(way, component, "invoke", value, {"callbacks": [handler]})
    assert handler.stages() == ["created", "done"]
    assert set(handler.runs) == set(handler.begun)
    assert [event["job_id"] for event in handler.events] == ["job-1"] * 2
    assert {event["source_name"] for event in handler.events} == {"acme.pdf"}


@every_component
def test_no_event_holds_a_text(way: str, made: Made, rules: list[Rule]) -> None:
    component, value = made(rules, fails_on("invoice"))
    handler = _handler(way)
    _call(way, component, "invoke", value, {"callbacks": [handler]})
    assert handler.stages() == ["failed"]
    assert SECRET_WORDS not in str(handler.events)


def test_a_tool_s_text_has_no_name_that_tells_it(way: str, rules: list[Rule]) -> None:
    handler = _handler(way)
    tool = ClassifyTool(rules, backend=ScriptedBackend())
    _call(way, tool, "invoke", {"text": INVOICE_TEXT}, {"callbacks": [handler]})
    assert handler.events == [{"stage": "done", "index": 0, "source_name": None, "job_id": None, "seconds": None}]


@every_component
def test_a_handler_that_raises_ends_the_call_only_where_it_says_so(way: str, made: Made, rules: list[Rule]) -> None:
    component, value = made(rules, ScriptedBackend())
    quiet, loud = Raising(raise_error=False), Raising(raise_error=True)
    assert _call(way, component, "invoke", value, {"callbacks": [quiet]})
    with pytest.raises(LookupError, match=EVENT_NAME):
        _call(way, component, "invoke", value, {"callbacks": [loud]})
    assert (quiet.count, loud.count) == (1, 1)


def test_each_document_of_a_batch_is_told_to_its_own_run(way: str, rules: list[Rule]) -> None:
    handlers = [_handler(way) for _ in range(4)]
    inputs = [INVOICE, 7, RECIPE, INVOICE]
    configs = [{"callbacks": [handler]} for handler in handlers]
    runnable = ClassifyRunnable(rules, backend=ScriptedBackend())
    _call(way, runnable, "batch", inputs, configs, return_exceptions=True)
    names = [[event["source_name"] for event in handler.events] for handler in handlers]
    assert names == [["acme.pdf"], [], ["cake.pdf"], ["acme.pdf"]]
    assert all(handler.runs == handler.begun[: len(handler.runs)] for handler in handlers)


def test_one_handler_of_a_batch_hears_each_run_apart(way: str, rules: list[Rule]) -> None:
    handler = _handler(way)
    runnable = ClassifyRunnable(rules, backend=ScriptedBackend())
    _call(way, runnable, "batch", [INVOICE, RECIPE], {"callbacks": [handler], "max_concurrency": 1})
    assert sorted(handler.runs, key=handler.begun.index) == handler.begun
    assert {event["source_name"] for event in handler.events} == {"acme.pdf", "cake.pdf"}


def test_a_batch_without_handlers_or_without_documents_works_too(way: str, rules: list[Rule]) -> None:
    runnable, handler = ClassifyRunnable(rules, backend=ScriptedBackend()), _handler(way)
    assert [one.type for one in _call(way, runnable, "batch", [INVOICE, RECIPE])] == ["invoice", "recipe"]
    [error] = _call(way, runnable, "batch", [7], {"callbacks": [handler]}, return_exceptions=True)
    assert isinstance(error, Exception)
    assert handler.events == []


def test_a_transformer_tells_the_run_that_it_is_called_in(rules: list[Rule]) -> None:
    transformer, handler = ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), Handler()
    assert len(transformer.transform_documents([INVOICE])) == 1  # no run, nobody to tell
    step = RunnableLambda(transformer.transform_documents)
    step.invoke([INVOICE, RECIPE], {"callbacks": [handler], "run_id": UUID(int=7)})
    assert [event["stage"] for event in handler.events] == [Stage.CACHED, Stage.DONE]
    assert set(handler.runs) == {UUID(int=7)}


async def test_a_stream_of_events_of_a_chain_has_them(rules: list[Rule]) -> None:
    chain = RunnableLambda(lambda name: {"acme.pdf": INVOICE}[name]) | ClassifyRunnable(
        rules, backend=JobScriptedBackend()
    )
    told = [
        event["data"]["stage"]
        async for event in chain.astream_events("acme.pdf", version="v2")
        if event["event"] == "on_custom_event" and event["name"] == EVENT_NAME
    ]
    assert told == ["created", "done"]
