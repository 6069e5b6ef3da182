"""Handlers on LlamaIndex's dispatchers hear when a component begins, ends and fails, and for what."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import Document, NodeWithScore
from llama_index.core.tools import ToolMetadata
from pydantic import Field

from classify_core import BatchError, ForeignLabelError, Rule
from llama_index_classify import ClassifyPostprocessor, ClassifySelector, ClassifyToolSpec, ClassifyTransform
from llama_index_classify.events import ClassifyEndEvent, ClassifyFailureEvent, ClassifyStartEvent
from tests.backends import HeldBackend, JobScriptedBackend, ScriptedBackend, until
from tests.llama_index.parts import fails_on, splitter
from tests.service import ClassifyService

KEY = "llx-a-key-that-nobody-may-see-0123456789"


class Listener(BaseEventHandler):
    events: list[BaseEvent] = Field(default_factory=list)
    raises: bool = False

    @classmethod
    def class_name(cls) -> str:
        return "Listener"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, (ClassifyStartEvent, ClassifyEndEvent, ClassifyFailureEvent)):
            self.events.append(event)
            if self.raises:
                raise KeyError

    @property
    def names(self) -> list[str]:
        return [event.class_name() for event in self.events]

    def told(self) -> list[dict[str, Any]]:
        hidden = BaseEvent.model_fields.keys() | {"class_name"}
        return [
            {name: value for name, value in event.model_dump().items() if name not in hidden} for event in self.events
        ]


@pytest.fixture
def listener() -> Iterator[Listener]:
    root, own = get_dispatcher(), Listener()
    before = list(root.event_handlers)
    root.add_event_handler(own)
    yield own
    root.event_handlers = before


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_call_tells_its_beginning_each_failed_document_and_its_end(
    way: str, rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    documents[1].metadata["file_name"] = "cake.txt"
    pipeline = IngestionPipeline(
        transformations=[splitter(), ClassifyTransform(rules, backend=fails_on("eggs"))], disable_cache=True
    )
    nodes = pipeline.run(documents=documents) if way == "sync" else await pipeline.arun(documents=documents)
    types = [node.metadata.get("classify_type") for node in nodes]
    assert listener.names == ["ClassifyStartEvent", "ClassifyFailureEvent", "ClassifyEndEvent"]
    assert listener.told() == [
        {"component": "ClassifyTransform", "node_count": len(nodes)},
        {
            "component": "ClassifyTransform",
            "error": "document 'cake.txt': eggs cannot be read",
            "status": "failed",
            "source_name": "cake.txt",
            "job_id": None,
        },
        {
            "component": "ClassifyTransform",
            "node_count": len(nodes),
            "asked": 3,
            "failed": 1,
            "types": {"invoice": types.count("invoice"), "uncategorized": types.count("uncategorized")},
        },
    ]


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_events_belong_to_the_span_of_their_call(
    way: str, rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    _ = step(documents) if way == "sync" else await step.acall(documents)
    spans = {str(event.span_id).partition("-")[0] for event in listener.events}
    assert spans == {"ClassifyTransform.__call__" if way == "sync" else "ClassifyTransform.acall"}


def test_a_fresh_label_is_told_as_not_asked_for(
    rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    step(step(documents))
    ends = [event for event in listener.events if isinstance(event, ClassifyEndEvent)]
    assert [(event.asked, event.node_count) for event in ends] == [(3, 3), (0, 3)]


def test_a_failed_job_is_told_by_its_name(rules: list[Rule], service: ClassifyService, listener: Listener) -> None:
    service.outcome_for("eggs", status="FAILED", error_message="PDF_IS_BROKEN: no pages")
    step = ClassifyTransform(rules, backend="hosted", api_key=service.api_key, base_url=service.base_url)
    with step.classifier:
        step([Document(text="eggs")])
    [failure] = [event for event in listener.events if isinstance(event, ClassifyFailureEvent)]
    assert failure.job_id in service.jobs
    assert "PDF_IS_BROKEN" in failure.error


@pytest.mark.parametrize("way", ["sync", "async"])
async def test_a_call_that_is_refused_tells_why(
    way: str, rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    documents[0].metadata["classify_type"] = "mine"
    step = ClassifyTransform(rules, backend=ScriptedBackend())
    with pytest.raises(ForeignLabelError):
        _ = step(documents) if way == "sync" else await step.acall(documents)
    assert listener.names == ["ClassifyStartEvent", "ClassifyFailureEvent"]
    failure = listener.events[1]
    assert isinstance(failure, ClassifyFailureEvent)
    assert failure.status is None
    assert "overwrite=True" in failure.error


def test_a_call_that_breaks_tells_the_kind_of_error_and_quotes_no_document(
    rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    def broken(node: Any) -> str:
        raise KeyError(node.text)

    with pytest.raises(KeyError):
        ClassifyTransform(rules, backend=ScriptedBackend(), group_by=broken)(documents)
    assert [told.get("error") for told in listener.told()] == [None, "KeyError"]


async def test_a_call_that_is_cancelled_tells_that_it_ended(
    rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    backend = HeldBackend()
    running = asyncio.create_task(ClassifyTransform(rules, backend=backend).acall(documents))
    await until(backend.begun.is_set)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    backend.release.set()
    assert [told.get("error") for told in listener.told()] == [None, "CancelledError"]


def test_a_call_that_raises_for_its_documents_tells_each_of_them_and_its_end(
    rules: list[Rule], documents: list[Document], listener: Listener
) -> None:
    step = ClassifyTransform(rules, backend=fails_on("e"), on_failure="raise")
    with pytest.raises(BatchError):
        step(documents)
    assert listener.names == ["ClassifyStartEvent", *["ClassifyFailureEvent"] * 3, "ClassifyEndEvent"]


async def test_a_postprocessor_tells_the_same(rules: list[Rule], documents: list[Document], listener: Listener) -> None:
    component = ClassifyPostprocessor(rules, backend=fails_on("eggs"))
    nodes = [NodeWithScore(node=document, score=1.0) for document in documents]
    component.postprocess_nodes(nodes)
    await component.apostprocess_nodes(nodes)
    assert listener.names == ["ClassifyStartEvent", "ClassifyFailureEvent", "ClassifyEndEvent"] * 2
    assert {told["component"] for told in listener.told()} == {"ClassifyPostprocessor"}


def test_a_handler_that_raises_harms_nothing(rules: list[Rule], documents: list[Document], listener: Listener) -> None:
    listener.raises = True
    labelled = ClassifyTransform(rules, backend=fails_on("eggs"))(documents)
    assert [node.metadata["classify_status"] for node in labelled] == ["completed", "failed", "completed"]
    assert len(listener.events) == 3


def test_no_event_holds_a_text_or_a_key(rules: list[Rule], documents: list[Document], listener: Listener) -> None:
    ClassifyTransform(rules, backend=JobScriptedBackend())(documents)
    with ClassifyService(api_key="llx-another-key-0123456789") as service:
        step = ClassifyTransform(rules, backend="hosted", api_key=KEY, base_url=service.base_url)
        with step.classifier:
            step(documents)
    assert listener.names.count("ClassifyFailureEvent") == 3
    told = " ".join(event.model_dump_json() for event in listener.events)
    assert not [word for word in ("line items", "eggs", "calm", KEY) if word in told]


@pytest.mark.parametrize("text", ["an invoice", "eggs"])
async def test_an_agents_tool_and_a_selector_tell_start_end_and_failure_too(
    rules: list[Rule], listener: Listener, text: str
) -> None:
    spec = ClassifyToolSpec(rules, backend=fails_on("eggs"), on_failure="annotate")
    selector = ClassifySelector(rules, backend=fails_on("eggs"), fallback="rest")
    tools = [ToolMetadata("bills", "invoice"), ToolMetadata("everything else", "rest")]
    spec.classify_text(text)
    await spec.aclassify_text(text)
    selector.select(tools, text)
    await selector.aselect(tools, text)
    failure = ["ClassifyFailureEvent"] if text == "eggs" else []
    assert listener.names == ["ClassifyStartEvent", *failure, "ClassifyEndEvent"] * 4
    assert {event.component for event in listener.events} == {"ClassifyToolSpec", "ClassifySelector"}
    ends = [event for event in listener.events if isinstance(event, ClassifyEndEvent)]
    assert [(end.asked, end.failed) for end in ends] == [(1, len(failure))] * 4
