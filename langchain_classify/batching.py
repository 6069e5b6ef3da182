"""A batch of a `ClassifyRunnable`: its documents, and what each input comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from classify_core.classification import Classification
from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.source import Source
from langchain_classify.references import DocumentLike, source_of

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Batch:
    """The documents of one call; the synchronous and the asynchronous face differ only in who classifies them.

    Args:
        inputs: what was handed over.
        keep_errors: whether an input that is no document is an outcome; else it is an error before anything begins.

    Raises:
        InvalidOptionError: an input is no document, unless `keep_errors`.
    """

    def __init__(self, inputs: Sequence[DocumentLike], *, keep_errors: bool) -> None:
        self._sources = [_source_or_error(value) if keep_errors else source_of(value) for value in inputs]

    @property
    def references(self) -> list[dict[str, Any]]:
        """What a tracer may know of the inputs, one by one."""
        return [
            source.reference if isinstance(source, Source) else {"kind": "invalid", "name": None}
            for source in self._sources
        ]

    @property
    def documents(self) -> list[Source]:
        """Those inputs that are documents."""
        return [source for source in self._sources if isinstance(source, Source)]

    def of_documents(self, values: Sequence[T]) -> list[T]:
        """Those of the inputs' values that belong to documents."""
        return [value for value, source in zip(values, self._sources, strict=True) if isinstance(source, Source)]

    def results(self, outcomes: Sequence[Classification], *, raises: bool) -> list[Classification | ClassifyError]:
        """What each input comes to, in the order given: a failure's error where it `raises`."""
        remaining = iter(outcomes)
        found = [next(remaining) if isinstance(source, Source) else source for source in self._sources]
        return [_error_of(outcome) if raises else outcome for outcome in found]


def _source_or_error(value: DocumentLike) -> Source | InvalidOptionError:
    try:
        return source_of(value)
    except InvalidOptionError as error:
        return error


def _error_of(outcome: Classification | ClassifyError) -> Classification | ClassifyError:
    if isinstance(outcome, Classification) and outcome.error is not None:
        return outcome.error
    return outcome
