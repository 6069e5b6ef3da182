"""Progress as events of LlamaIndex's instrumentation, for the handlers that a program has on its dispatchers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared

from llama_index_classify.events import ClassifyProgressEvent, is_heard

if TYPE_CHECKING:
    from classify_core.progress import ProgressCallback, ProgressEvent

dispatcher = get_dispatcher(__name__)


def dispatched_progress() -> ProgressCallback | None:
    """What a call tells its progress to; None where no handler listens, since then each event would cost in vain."""
    return dispatch_progress if is_heard(dispatcher) else None


def dispatch_progress(event: ProgressEvent) -> None:
    """A `ProgressCallback`: tells LlamaIndex's handlers, within the span that is open; what they raise is dropped."""
    dispatcher.event(ClassifyProgressEvent(**event.as_data()))
