"""Turning to other runnables: LangChain's fallbacks with batches that stay one call, and that can be loaded again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from functools import partial
from typing import Any

from langchain_core.runnables import Runnable, RunnableWithFallbacks
from pydantic import ConfigDict

from classify_core.classification import Classification
from langchain_classify.batches.batch import Batch
from langchain_classify.batches.calling_each import acalled_each
from langchain_classify.batches.completing import AloneAsBatchMethods
from langchain_classify.batches.rounds import Rounds, acompleting, completing, document_alone
from langchain_classify.batches.runs import Runs
from langchain_classify.composed.dumping import DumpedFromHere
from langchain_classify.references import DocumentLike


class TakesDocuments(Runnable[DocumentLike, Classification]):
    """A mark of the runnables that are ours: they take a document, and nothing around it."""


class ClassifyWithFallbacks(AloneAsBatchMethods, DumpedFromHere, RunnableWithFallbacks[DocumentLike, Classification]):
    """Turns to its fallbacks with what failed; made by `with_fallbacks`.

    An input on which all of them fail ends with the error of the first.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    def _completed(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> Generator[tuple[int, Any], None, None]:
        rounds, errors = Rounds(batch, runs, self._is_handled), dict[int, Any]()
        for runnable in self.runnables:
            attempted = partial(completing(runnable, together=together), **kwargs)
            yield from rounds.round(attempted, input_of=self._told(runnable))
            if not rounds.left:
                return
            errors = errors or dict(rounds.left)
        yield from ((place, errors[place]) for place in rounds.left)

    async def _acompleted(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> AsyncGenerator[tuple[int, Any], None]:
        rounds, errors = Rounds(batch, runs, self._is_handled), dict[int, Any]()
        for runnable in self.runnables:
            attempted = partial(_abatched(runnable, together=together), **kwargs)
            async with aclosing(rounds.around(attempted, input_of=self._told(runnable))) as settled:
                async for completed in settled:
                    yield completed
            if not rounds.left:
                return
            errors = errors or dict(rounds.left)
        for place in rounds.left:
            yield place, errors[place]

    def _is_handled(self, outcome: Any) -> bool:
        return isinstance(outcome, self.exceptions_to_handle)

    def _told(self, runnable: Runnable[Any, Any]) -> Callable[[Any, Any], Any]:
        """What a runnable gets of an input and the error before it."""
        if self.exception_key is None or isinstance(runnable, TakesDocuments):
            return document_alone
        return lambda value, error: {"input": value, self.exception_key: error}


def _abatched(runnable: Runnable[Any, Any], *, together: bool) -> Callable[..., Any]:
    """What ends with who waits for it, also where LangChain's own method would go on."""
    is_ours = isinstance(runnable, TakesDocuments)
    return acompleting(runnable, together=together) if is_ours else partial(acalled_each, runnable)
