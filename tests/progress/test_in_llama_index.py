from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from pydantic import Field

from classify_core.progress import ProgressEvent, Stage
from llama_index_classify.progress import ClassifyProgressEvent, dispatch_progress


class Handler(BaseEventHandler):
    events: list[BaseEvent] = Field(default_factory=list)
    raises: bool = False

    @classmethod
    def class_name(cls) -> str:
        return "Handler"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.events.append(event)
        if self.raises:
            raise KeyError


@pytest.fixture
def handler() -> Iterator[Handler]:
    root, own = get_dispatcher(), Handler()
    root.add_event_handler(own)
    yield own
    root.event_handlers.remove(own)


def test_a_handler_of_the_root_dispatcher_hears_each_event(handler: Handler) -> None:
    dispatch_progress(ProgressEvent(Stage.WAITING, 3, "a.pdf", "clj-1", 2.5))
    [event] = handler.events
    assert isinstance(event, ClassifyProgressEvent)
    told = event.model_dump()
    assert {name: told[name] for name in ("class_name", "stage", "index", "source_name", "job_id", "seconds")} == {
        "class_name": "ClassifyProgressEvent",
        "stage": "waiting",
        "index": 3,
        "source_name": "a.pdf",
        "job_id": "clj-1",
        "seconds": 2.5,
    }


def test_an_event_belongs_to_the_span_in_which_it_was_told(handler: Handler) -> None:
    @get_dispatcher(__name__).span
    def step() -> None:
        dispatch_progress(ProgressEvent(Stage.DONE, 0))

    step()
    dispatch_progress(ProgressEvent(Stage.DONE, 0))
    inside, outside = handler.events
    assert str(inside.span_id).startswith("test_an_event_belongs")
    assert outside.span_id is None


def test_what_a_handler_raises_does_not_end_the_call(handler: Handler) -> None:
    handler.raises = True
    dispatch_progress(ProgressEvent(Stage.DONE, 0))
    assert len(handler.events) == 1
