"""What a component does with a list of nodes, as events of LlamaIndex's instrumentation. None holds a text."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.instrumentation.event_handlers import NullEventHandler
from llama_index.core.instrumentation.events import BaseEvent

from classify_core.errors import ClassifyError
from classify_core.labels import Labelling
from classify_core.metadata import error_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classify_core.classification import Classification
    from classify_core.metadata import MetadataSchema

dispatcher = get_dispatcher(__name__)


class ClassifyStartEvent(BaseEvent):
    """A component was given nodes to label.

    Attributes:
        component: its class name.
        node_count: how many nodes or documents it was given.
    """

    component: str
    node_count: int

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyStartEvent"


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


class ClassifyEndEvent(BaseEvent):
    """The nodes are labelled.

    Attributes:
        component: its class name.
        node_count: how many nodes remain.
        asked: how many documents carried no fresh label and were to be classified.
        failed: how many could not be.
        types: how many of the remaining nodes have each type, `"uncategorized"` included.
    """

    component: str
    node_count: int
    asked: int
    failed: int
    types: dict[str, int]

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyEndEvent"


class ClassifyFailureEvent(BaseEvent):
    """One document could not be classified; or, without a status, none of the call.

    Attributes:
        component: its class name.
        error: what happened and what to do.
        status: how it ended, such as `"failed"` or `"timeout"`.
        source_name: the document's name, where it has one.
        job_id: its job at the hosted service, where there is one.
    """

    component: str
    error: str
    status: str | None = None
    source_name: str | None = None
    job_id: str | None = None

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyFailureEvent"


class Observation:
    """Tells LlamaIndex's handlers, within the span that is open, of one call."""

    def __init__(self, component: str, schema: MetadataSchema) -> None:
        self._component = component
        self._schema = schema

    def ended(self, labelling: Labelling) -> Labelling:
        """Tells how it ended; gives back what it is given."""
        if not is_heard(dispatcher):  # each node would be looked at in vain
            return labelling
        for one in labelling.failed:
            self._failed(one.classification)
        types = [self._schema.type_of(one.label) for one in labelling.labelled]
        self._ended(types, asked=labelling.asked, failed=len(labelling.failed))
        return labelling

    def answered(self, outcome: Classification) -> Classification:
        """The same of a single document."""
        failed = not outcome.status.is_success
        if failed:
            self._failed(outcome)
        self._ended([self._schema.type_of(self._schema.to_metadata(outcome))], asked=1, failed=int(failed))
        return outcome

    def _failed(self, outcome: Classification) -> None:
        dispatcher.event(
            ClassifyFailureEvent(
                component=self._component,
                error=error_text(outcome),
                status=outcome.status.value,
                source_name=outcome.source_name,
                job_id=outcome.job_id,
            )
        )

    def _ended(self, types: Sequence[str | None], *, asked: int, failed: int) -> None:
        counts = Counter(name for name in types if name is not None)
        dispatcher.event(
            ClassifyEndEvent(
                component=self._component, node_count=len(types), asked=asked, failed=failed, types=dict(counts)
            )
        )


@contextmanager
def observed(component: str, schema: MetadataSchema, node_count: int) -> Iterator[Observation]:
    """Tells that a call began, and what it raised where it raises."""
    dispatcher.event(ClassifyStartEvent(component=component, node_count=node_count))
    try:
        yield Observation(component, schema)
    except BaseException as error:  # a cancellation too: what began is told to have ended
        # Of a foreign error the kind alone: its text may quote a document.
        told = str(error) if isinstance(error, ClassifyError) else type(error).__name__
        dispatcher.event(ClassifyFailureEvent(component=component, error=told))
        raise


def is_heard(own: Any) -> bool:
    """Whether a dispatcher, or one that it passes events on to, has a handler that does anything."""
    current = own
    while current is not None:
        if any(not isinstance(handler, NullEventHandler) for handler in current.event_handlers):
            return True
        current = current.parent if current.propagate else None
    return False
