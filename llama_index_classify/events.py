"""What a component does with a list of nodes, as events of LlamaIndex's instrumentation. None holds a text."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.instrumentation.events import BaseEvent

from classify_core.errors import ClassifyError
from classify_core.labels import Labelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from classify_core.grouping import Item
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
        for one in labelling.failed:
            outcome = one.classification
            dispatcher.event(
                ClassifyFailureEvent(
                    component=self._component,
                    error=str(outcome.error or ""),
                    status=outcome.status.value,
                    source_name=outcome.source_name,
                    job_id=outcome.job_id,
                )
            )
        types = Counter(self._schema.type_of(one.label) for one in labelling.labelled)
        dispatcher.event(
            ClassifyEndEvent(
                component=self._component,
                node_count=len(labelling.labelled),
                asked=labelling.asked,
                failed=len(labelling.failed),
                types={name: count for name, count in types.items() if name is not None},
            )
        )
        return labelling


@contextmanager
def observed(component: str, schema: MetadataSchema, items: Sequence[Item]) -> Iterator[Observation]:
    """Tells that a call began, and what it raised where it raises."""
    dispatcher.event(ClassifyStartEvent(component=component, node_count=len(items)))
    try:
        yield Observation(component, schema)
    except BaseException as error:  # a cancellation too: what began is told to have ended
        # Of a foreign error the kind alone: its text may quote a document.
        told = str(error) if isinstance(error, ClassifyError) else type(error).__name__
        dispatcher.event(ClassifyFailureEvent(component=component, error=told))
        raise
