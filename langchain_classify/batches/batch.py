"""A batch: its documents among the inputs, and what each input comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from classify_core.classification import Classification
from classify_core.errors import InvalidOptionError
from classify_core.source import Source
from langchain_classify.references import DocumentLike, source_of
from langchain_classify.traced_inputs import listed, reference_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")


class Batch:
    """The inputs of one call.

    Args:
        inputs: what was handed over.
        keep_errors: whether a failed input's outcome is its error; else it is raised.

    Raises:
        InvalidOptionError: a single document was handed over.

    Attributes:
        inputs: the inputs.
        documents: those of them that are documents.
    """

    def __init__(self, inputs: Sequence[DocumentLike], *, keep_errors: bool) -> None:
        self.inputs = listed(inputs)
        self._keep_errors = keep_errors
        self._sources = [_source_or_error(value) for value in self.inputs]
        self._places = [place for place, source in enumerate(self._sources) if isinstance(source, Source)]
        self.documents = [source for source in self._sources if isinstance(source, Source)]

    def __len__(self) -> int:
        return len(self._sources)

    @property
    def references(self) -> list[dict[str, Any]]:
        """What a tracer may know of the inputs, one by one."""
        return [reference_to(value) for value in self.inputs]

    def refused(self) -> Iterator[tuple[int, InvalidOptionError]]:
        """The inputs that are no documents, each with its place and its error."""
        for place, source in enumerate(self._sources):
            if not isinstance(source, Source):
                yield place, source

    def refuse(self) -> None:
        """Refuses the batch, before anything is spent on it.

        Raises:
            InvalidOptionError: an input is no document, and errors are not kept.
        """
        for _, error in self.refused():
            self.result(error)

    def place_of(self, number: int) -> int:
        """Where a document stands among the inputs."""
        return self._places[number]

    def of_documents(self, values: Sequence[T]) -> list[T]:
        """Those of the inputs' values that belong to documents."""
        return [values[place] for place in self._places]

    def in_order(self, completed: Iterable[tuple[int, Classification | Exception]]) -> list[Any]:
        """What the inputs come to, in the order given.

        Raises:
            Exception: the first input's that failed, unless errors are kept.
        """
        outcomes = dict(completed)
        return [self.result(outcomes[place]) for place in range(len(self))]

    def result(self, outcome: Classification | Exception) -> Classification | Exception:
        """What one input comes to.

        Raises:
            Exception: it failed, and errors are not kept.
        """
        if isinstance(outcome, Exception) and not self._keep_errors:
            raise outcome
        return outcome


def _source_or_error(value: DocumentLike) -> Source | InvalidOptionError:
    try:
        return source_of(value)
    except InvalidOptionError as error:
        return error
