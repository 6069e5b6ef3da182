"""Progress as events of LlamaIndex's instrumentation, for the handlers that a program has on its dispatchers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.instrumentation.event_handlers import NullEventHandler

from llama_index_classify.events import ClassifyProgressEvent

if TYPE_CHECKING:
    from classify_core.progress import ProgressCallback, ProgressEvent

dispatcher = get_dispatcher(__name__)


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
