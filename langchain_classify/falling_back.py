"""Turning to other runnables: LangChain's fallbacks with batches that stay one call, and that can be loaded again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import aclosing
from functools import partial
from typing import Any

from langchain_core.runnables import RunnableWithFallbacks
from pydantic import ConfigDict

from classify_core.classification import Classification
from langchain_classify.batching import Batch
from langchain_classify.completing import AloneAsBatchMethods
from langchain_classify.dumping import DumpedFromHere
from langchain_classify.references import DocumentLike
from langchain_classify.rounds import Rounds
from langchain_classify.runs import Runs


class ClassifyWithFallbacks(AloneAsBatchMethods, DumpedFromHere, RunnableWithFallbacks[DocumentLike, Classification]):
    """Turns to its fallbacks with what failed; made by `with_fallbacks`.

    An input on which all of them fail ends with the error of the first.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    def _completed(self, batch: Batch, runs: Runs[Any], **kwargs: Any) -> Generator[tuple[int, Any], None, None]:
        rounds, errors = Rounds(batch, runs, self._is_handled), dict[int, Any]()
        for runnable in self.runnables:
            yield from rounds.round(partial(runnable.batch_as_completed, **kwargs))
            if not rounds.left:
                return
            errors = self._kept(errors, rounds, batch)
        yield from ((place, errors[place]) for place in rounds.left)

    async def _acompleted(self, batch: Batch, runs: Runs[Any], **kwargs: Any) -> AsyncGenerator[tuple[int, Any], None]:
        rounds, errors = Rounds(batch, runs, self._is_handled), dict[int, Any]()
        for runnable in self.runnables:
            async with aclosing(rounds.around(partial(runnable.abatch_as_completed, **kwargs))) as settled:
                async for completed in settled:
                    yield completed
            if not rounds.left:
                return
            errors = self._kept(errors, rounds, batch)
        for place in rounds.left:
            yield place, errors[place]

    def _is_handled(self, outcome: Any) -> bool:
        return isinstance(outcome, self.exceptions_to_handle)

    def _kept(self, errors: dict[int, Any], rounds: Rounds, batch: Batch) -> dict[int, Any]:
        """The first errors; the latest ones are told to the next fallback, where it wants them."""
        if self.exception_key is not None:
            for place, error in rounds.left.items():
                told: Any = batch.inputs[place]
                told[self.exception_key] = error
        return errors or dict(rounds.left)
