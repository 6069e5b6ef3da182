"""Handlers on LlamaIndex's dispatchers hear what happens to the documents of each component."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import Document, NodeWithScore
from pydantic import Field

from classify_core import Classifier, Rule
from llama_index_classify import ClassifyPostprocessor, ClassifyReader, ClassifyTransform
from llama_index_classify.progress import ClassifyProgressEvent, dispatch_progress, dispatched_progress
from tests.backends import JobScriptedBackend, ScriptedBackend
from tests.llama_index.parts import fails_on, paths_in

OWN = "llama_index_classify.progress"


class Handler(BaseEventHandler):
    events: list[ClassifyProgressEvent] = Field(default_factory=list)
    raises: bool = False

    @classmethod
    def class_name(cls) -> str:
        return "Handler"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, ClassifyProgressEvent):
            self.events.append(event)
            if self.raises:
                raise KeyError

    def told_of(self, index: int) -> list[str]:
        return [event.stage for event in self.events if event.index == index]


@pytest.fixture(params=["root", OWN])
def handler(request: pytest.FixtureRequest) -> Iterator[Handler]:
    dispatcher, own = get_dispatcher(request.param), Handler()
    before = list(dispatcher.event_handlers)
    dispatcher.add_event_handler(own)
    yield own
    dispatcher.event_handlers = before


def _scored(documents: list[Document]) -> list[NodeWithScore]:
    return [NodeWithScore(node=document, score=1.0) for document in documents]


async def _transformed(classifier: Classifier, documents: list[Document]) -> None:
    ClassifyTransform(classifier=classifier)(documents)


async def _atransformed(classifier: Classifier, documents: list[Document]) -> None:
    await ClassifyTransform(classifier=classifier).acall(documents)


async def _postprocessed(classifier: Classifier, documents: list[Document]) -> None:
    ClassifyPostprocessor(classifier=classifier).postprocess_nodes(_scored(documents))


async def _apostprocessed(classifier: Classifier, documents: list[Document]) -> None:
    await ClassifyPostprocessor(classifier=classifier).apostprocess_nodes(_scored(documents))


STEPS: list[Any] = [_transformed, _atransformed, _postprocessed, _apostprocessed]
every_step = pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
Step = Callable[[Classifier, list[Document]], Any]


@every_step
async def test_each_document_s_events_are_heard_in_their_order(
    step: Step, rules: list[Rule], documents: list[Document], handler: Handler
) -> None:
    await step(Classifier(rules, backend=JobScriptedBackend()), documents)
    assert [handler.told_of(index) for index in range(3)] == [["created", "done"]] * 3
    assert {event.job_id for event in handler.events if event.stage == "done"} == {"job-1", "job-2", "job-3"}


@every_step
async def test_an_event_belongs_to_the_component_s_span(
    step: Step, rules: list[Rule], documents: list[Document], handler: Handler
) -> None:
    await step(Classifier(rules, backend=ScriptedBackend()), documents)
    spans = {str(event.span_id).partition("-")[0] for event in handler.events}
    assert len(spans) == 1
    assert spans.pop().startswith(("ClassifyTransform.", "ClassifyPostprocessor."))


@every_step
async def test_no_event_holds_a_text(
    step: Step, rules: list[Rule], documents: list[Document], handler: Handler
) -> None:
    await step(Classifier(rules, backend=fails_on("eggs")), documents)
    assert sorted(event.stage for event in handler.events) == ["done", "done", "failed"]
    told = " ".join(event.model_dump_json() for event in handler.events)
    assert not [word for word in ("invoice", "eggs", "calm") if word in told]


@every_step
async def test_a_handler_that_raises_does_not_end_the_call(
    step: Step, rules: list[Rule], documents: list[Document], handler: Handler
) -> None:
    handler.raises = True
    backend = ScriptedBackend()
    await step(Classifier(rules, backend=backend), documents)
    assert backend.asked.total() == len(handler.events) == 3


async def test_what_is_known_already_is_told_as_cached_and_a_fresh_label_not_at_all(
    rules: list[Rule], documents: list[Document], handler: Handler
) -> None:
    transform = ClassifyTransform(rules, backend=ScriptedBackend())
    labelled = transform(documents)
    handler.events.clear()
    transform(documents)
    assert [event.stage for event in handler.events] == ["cached"] * 3
    transform(labelled)
    assert len(handler.events) == 3


async def test_every_way_of_a_reader_tells_by_the_files_names(
    rules: list[Rule], folder: Path, handler: Handler
) -> None:
    reader = ClassifyReader(paths=paths_in(folder), rules=rules, backend=ScriptedBackend(), cache=False)
    ways: list[Callable[[], Any]] = [reader.load_data, lambda: list(reader.lazy_load_data())]
    for load in ways:
        handler.events.clear()
        load()
        assert {event.source_name for event in handler.events} == {"a.txt", "b.md", "c.html"}
    handler.events.clear()
    await reader.aload_data()
    assert {event.source_name for event in handler.events} == {"a.txt", "b.md", "c.html"}


def test_without_a_handler_nothing_is_made_to_be_told() -> None:
    assert dispatched_progress() is None


def test_a_dispatcher_that_passes_nothing_on_is_its_own(handler: Handler) -> None:
    assert dispatched_progress() is dispatch_progress
    own = get_dispatcher(OWN)
    own.propagate = False
    try:
        assert (dispatched_progress() is not None) == (handler in own.event_handlers)
    finally:
        own.propagate = True
