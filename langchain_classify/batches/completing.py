"""The four ways to hand over a batch, of a runnable that works on many documents as each is done.

Whichever way, all of a batch is one call: each distinct document once, within the bounds of its classifier, and nothing
that goes on once the call is over. LangChain's own ways make a call of each input. Where all outcomes are handed over
together (`batch`, `abatch`), they may be told with a view to each other; where each is handed over as it is done, not.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator, Sequence
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.runnables import Runnable, RunnableConfig

from classify_core.classification import Classification
from langchain_classify.batches.batch import Batch
from langchain_classify.batches.runs import ConfigLike, Runs, aopen_runs, open_runs
from langchain_classify.references import DocumentLike

if TYPE_CHECKING:
    from typing import TypeAlias

    Completed: TypeAlias = tuple[int, Any]
    """An input's place and its outcome: what came of it, or an error."""


class CompletingMethods(Runnable[DocumentLike, Classification]):
    """A mixin for a runnable that states `_completed` and `_acompleted`.

    Each input has a run of its own, which holds a reference to the document and ends when the input is done.
    """

    _refuses: ClassVar[bool] = False
    """Whether an input that is no document is an error at once, before anything is spent."""

    @abstractmethod
    def _completed(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> Generator[Completed, None, None]:
        """Works on all inputs; an error is an outcome. What is not done when it is closed is given up.

        Args:
            batch: the inputs.
            runs: their runs.
            together: whether nobody looks at an outcome before all are there.
            kwargs: those of the call.
        """

    @abstractmethod
    def _acompleted(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> AsyncGenerator[Completed, None]:
        """The same, awaited."""

    def batch(
        self,
        inputs: Sequence[DocumentLike],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Classification]:
        """Classifies documents, in the order given; all are worked on, whatever fails.

        As many are open at once as backend and plan allow, and no more than the config's `max_concurrency`. With the
        embedded engine they teach each other what their types look like here (`adapt=` of `Classifier`).

        Raises:
            ClassifyError: the first document's that could not be classified, unless `return_exceptions`.
        """
        batch = self._batch_of(inputs, keep_errors=return_exceptions)
        return batch.in_order(self._traced(batch, config, kwargs, together=True))

    async def abatch(
        self,
        inputs: Sequence[DocumentLike],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Classification]:
        """The same, awaited; cancelling it cancels the work, and nothing goes on in the background."""
        batch = self._batch_of(inputs, keep_errors=return_exceptions)
        completed = self._atraced(batch, config, kwargs, together=True)
        return batch.in_order([each async for each in completed])

    def batch_as_completed(
        self,
        inputs: Sequence[DocumentLike],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> Iterator[tuple[int, Any]]:
        """Yields `(index, classification)` as each document is done; who stops iterating gives up the rest.

        Raises:
            ClassifyError: a document could not be classified, as soon as that is known; the rest is given up. With
                `return_exceptions` it is yielded in the classification's place.
        """
        batch = self._batch_of(inputs, keep_errors=return_exceptions)
        with closing(self._traced(batch, config, kwargs)) as completed:
            for place, outcome in completed:
                yield place, batch.result(outcome)

    async def abatch_as_completed(
        self,
        inputs: Sequence[DocumentLike],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> AsyncIterator[tuple[int, Any]]:
        """The same, for `async for`; cancelling it cancels the work."""
        batch = self._batch_of(inputs, keep_errors=return_exceptions)
        async with aclosing(self._atraced(batch, config, kwargs)) as completed:
            async for place, outcome in completed:
                yield place, batch.result(outcome)

    def _batch_of(self, inputs: Sequence[DocumentLike], *, keep_errors: bool) -> Batch:
        batch = Batch(inputs, keep_errors=keep_errors)
        if self._refuses:
            batch.refuse()
        return batch

    def _traced(
        self, batch: Batch, config: ConfigLike, kwargs: dict[str, Any], *, together: bool = False
    ) -> Generator[Completed, None, None]:
        if not len(batch):
            return
        with (
            open_runs(self, batch, config) as runs,
            closing(self._completed(batch, runs, together=together, **kwargs)) as completed,
        ):
            for place, outcome in completed:
                runs.ended(place, outcome)
                yield place, outcome

    async def _atraced(
        self, batch: Batch, config: ConfigLike, kwargs: dict[str, Any], *, together: bool = False
    ) -> AsyncGenerator[Completed, None]:
        if not len(batch):
            return
        async with (
            aopen_runs(self, batch, config) as runs,
            aclosing(self._acompleted(batch, runs, together=together, **kwargs)) as completed,
        ):
            async for place, outcome in completed:
                if (told := runs.ended(place, outcome)) is not None:
                    await told
                yield place, outcome


class AloneAsBatchMethods(CompletingMethods):
    """The same for a runnable whose work on one input is that on a batch of one; a stream is one chunk, the result."""

    def invoke(self, input: DocumentLike, config: RunnableConfig | None = None, **kwargs: Any) -> Classification:  # noqa: A002 - LangChain's name
        """Classifies one document."""
        [outcome] = self.batch([input], config, **kwargs)
        return outcome

    async def ainvoke(self, input: DocumentLike, config: RunnableConfig | None = None, **kwargs: Any) -> Classification:  # noqa: A002 - LangChain's name
        """The same, awaited."""
        [outcome] = await self.abatch([input], config, **kwargs)
        return outcome

    # The following of LangChain's end in the two above; those of its bindings would leave them out.
    stream = Runnable.stream
    astream = Runnable.astream
    transform = Runnable.transform
    atransform = Runnable.atransform
