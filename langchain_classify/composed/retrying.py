"""Trying again what may pass: LangChain's retries with our choice of errors and batches that keep their order.

LangChain's own retry of a batch hands the outcome of one input to another where some fail to the end, and gives up on
all of them where one fails for good.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from langchain_core.runnables.retry import RunnableRetry
from pydantic import ConfigDict
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_after_attempt,
    wait_exponential_jitter,
    wait_none,
)

from classify_core.classification import Classification
from classify_core.errors import ClassifyError, ClassifyTimeoutError, ConnectionFailedError, ServerError
from langchain_classify.batches.batch import Batch
from langchain_classify.batches.completing import AloneAsBatchMethods
from langchain_classify.batches.rounds import Rounds, acompleting, completing
from langchain_classify.batches.runs import Runs
from langchain_classify.composed.dumping import DumpedFromHere
from langchain_classify.references import DocumentLike

RETRYABLE: Final[tuple[type[ClassifyError], ...]] = (ConnectionFailedError, ServerError, ClassifyTimeoutError)
"""Errors that a later attempt may not meet. A `RateLimitError` is none: what waiting helps was waited for."""


class ClassifyRetry(AloneAsBatchMethods, DumpedFromHere, RunnableRetry[DocumentLike, Classification]):
    """Tries again what failed with one of `RETRYABLE`; of a batch only the inputs that did.

    Also `stream`, which is one chunk, and `batch_as_completed` try again. Made by `with_retry`.
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    retry_exception_types: tuple[type[BaseException], ...] | Callable[[BaseException], bool] = RETRYABLE

    def _completed(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> Generator[tuple[int, Any], None, None]:
        rounds = Rounds(batch, runs, self._may_pass)
        attempted = partial(completing(self.bound, together=together), **kwargs)
        for attempt in Retrying(**self._policy):
            yield from rounds.round(attempted, _tag(attempt.retry_state))
            attempt.retry_state.set_result(rounds.left)
        yield from rounds.left.items()

    async def _acompleted(
        self, batch: Batch, runs: Runs[Any], *, together: bool, **kwargs: Any
    ) -> AsyncGenerator[tuple[int, Any], None]:
        rounds = Rounds(batch, runs, self._may_pass)
        attempted = partial(acompleting(self.bound, together=together), **kwargs)
        async for attempt in AsyncRetrying(**self._policy):
            async with aclosing(rounds.around(attempted, _tag(attempt.retry_state))) as settled:
                async for completed in settled:
                    yield completed
            attempt.retry_state.set_result(rounds.left)
        for failed in rounds.left.items():
            yield failed

    def _may_pass(self, outcome: Any) -> bool:
        types = self.retry_exception_types
        if isinstance(types, tuple):
            return isinstance(outcome, types)
        return isinstance(outcome, BaseException) and types(outcome)

    @property
    def _policy(self) -> dict[str, Any]:
        """How often and after which waits, as tenacity takes it; an attempt's result is what it left over."""
        jitter = self.exponential_jitter_params or {}
        return {
            "stop": stop_after_attempt(self.max_attempt_number),
            "wait": wait_exponential_jitter(**jitter) if self.wait_exponential_jitter else wait_none(),
            "retry": retry_if_result(bool),
            "retry_error_callback": lambda _: None,  # the last attempt's errors are outcomes
        }


def _tag(state: RetryCallState) -> str | None:
    """As LangChain tags the runs of an attempt."""
    return f"retry:attempt:{state.attempt_number}" if state.attempt_number > 1 else None
