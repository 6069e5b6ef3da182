"""Progress as events of LlamaIndex's instrumentation, for the handlers that a program has on its dispatchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.instrumentation.event_handlers import NullEventHandler
from llama_index.core.instrumentation.events import BaseEvent

if TYPE_CHECKING:
    from classify_core.progress import ProgressCallback, ProgressEvent

dispatcher = get_dispatcher(__name__)


class ClassifyProgressEvent(BaseEvent):
    """One thing that happened to one document; see `classify_core.ProgressEvent`. It holds no text.

    Attributes:
        stage: what happened, such as `"done"`.
        index: the document's place in the call, from 0.
        source_name: its name, where it has one.
        job_id: its job at the hosted service, where there is one.
        seconds: of `"waiting"`: how long yet.
    """

    stage: str
    index: int
    source_name: str | None = None
    job_id: str | None = None
    seconds: float | None = None

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyProgressEvent"


def dispatched_progress() -> ProgressCallback | None:
    """What a call tells its progress to; None where no handler listens, since then each event would cost in vain."""
    return dispatch_progress if _is_heard() else None


def dispatch_progress(event: ProgressEvent) -> None:
    """A `ProgressCallback`: tells LlamaIndex's handlers, within the span that is open; what they raise is dropped."""
    dispatcher.event(ClassifyProgressEvent(**event.as_data()))


def _is_heard() -> bool:
    """Whether this dispatcher, or one that it passes events on to, has a handler that does anything."""
    current: Any = dispatcher
    while current is not None:
        if any(not isinstance(handler, NullEventHandler) for handler in current.event_handlers):
            return True
        current = current.parent if current.propagate else None
    return False
