"""A batch of a `ClassifyRunnable`: its documents in parts, and what each input comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classify_core.classification import Classification, Status
from classify_core.errors import ClassifyError, InvalidOptionError, RunStoppedError
from classify_core.execution import StopSignal
from classify_core.source import Source
from langchain_classify.references import DocumentLike, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Batch:
    """The documents of one call; the synchronous and the asynchronous face differ only in who classifies a part.

    Args:
        inputs: what was handed over.
        at_once: how many may be open at once; None leaves it to the classifier.
        keep_errors: whether an input that is no document is an outcome; else it is an error before anything begins.

    Raises:
        InvalidOptionError: an input is no document, unless `keep_errors`.
    """

    def __init__(self, inputs: Sequence[DocumentLike], *, at_once: int | None, keep_errors: bool) -> None:
        self._sources = [_source_or_error(value) if keep_errors else source_of(value) for value in inputs]
        self._at_once = at_once
        self._outcomes: list[Classification] = []
        self._stop = StopSignal()

    @property
    def references(self) -> list[dict[str, Any]]:
        """What a tracer may know of the inputs, one by one."""
        return [
            source.reference if isinstance(source, Source) else {"kind": "invalid", "name": None}
            for source in self._sources
        ]

    def parts(self) -> Iterator[list[Source]]:
        """The documents in parts that may be classified at once; ends early where the run was stopped."""
        sources = self._documents()
        size = len(sources) if self._at_once is None else self._at_once
        for begin in range(0, len(sources), max(size, 1)):
            if self._stop.cause is not None:
                return
            yield sources[begin : begin + size]

    def take(self, outcomes: Sequence[Classification]) -> None:
        """Takes what a part came to."""
        for outcome in outcomes:
            if outcome.error is not None:
                self._stop.consider(outcome.error)
        self._outcomes += outcomes

    def results(self, *, raises: bool) -> list[Classification | ClassifyError]:
        """An outcome for each input, in the order given: a failure's error where it `raises`."""
        not_begun = self._documents()[len(self._outcomes) :]
        outcomes = iter([*self._outcomes, *(self._not_started(source) for source in not_begun)])
        found = [next(outcomes) if isinstance(source, Source) else source for source in self._sources]
        return [_error_of(outcome) if raises else outcome for outcome in found]

    def _documents(self) -> list[Source]:
        return [source for source in self._sources if isinstance(source, Source)]

    def _not_started(self, source: Source) -> Classification:
        last = self._outcomes[-1]
        try:
            self._stop.check()
        except RunStoppedError as error:
            return Classification(
                status=Status.NOT_STARTED,
                error=error.about(source_name=source.name),
                backend=last.backend,
                rules_id=last.rules_id,
                source_name=source.name,
            )
        raise AssertionError("a part was left out of a run that nothing stopped")


def _source_or_error(value: DocumentLike) -> Source | InvalidOptionError:
    try:
        return source_of(value)
    except InvalidOptionError as error:
        return error


def _error_of(outcome: Classification | ClassifyError) -> Classification | ClassifyError:
    if isinstance(outcome, Classification) and outcome.error is not None:
        return outcome.error
    return outcome
