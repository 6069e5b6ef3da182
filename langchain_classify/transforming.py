"""Lists of documents in and out as runs: their records hold references, and a batch ends with all of its lists.

LangChain's own ways record whole documents, try again what will never succeed, and leave the lists of a batch running
once one has failed.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_config_list
from langchain_core.runnables.retry import RunnableRetry
from pydantic import ConfigDict
from tenacity import retry_if_exception

from classify_core.background import in_thread
from classify_core.errors import BatchError
from langchain_classify.composed.dumping import DumpedFromHere
from langchain_classify.composed.retrying import RETRYABLE
from langchain_classify.references import adocuments_in, documents_in, references_to

if TYPE_CHECKING:
    from typing import TypeAlias

    from langchain_core.runnables.retry import ExponentialJitterParams

    Transformed: TypeAlias = tuple[list[Document], dict[str, Any]]
    """What documents come to, and what a tracer may know of it."""


class TransformingMethods(Runnable[Sequence[Document], list[Document]]):
    """A mixin for a runnable that states `_transformed` and `_atransformed`; each list is a run of its own."""

    @abstractmethod
    def _transformed(
        self, documents: list[Document], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> Transformed:
        """Works on a list within its run."""

    @abstractmethod
    async def _atransformed(
        self, documents: list[Document], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> Transformed:
        """The same, awaited."""

    def invoke(self, input: Iterable[Document], config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002 - LangChain's name
        """The same as a step of a chain."""
        del kwargs  # a chain passes what it was given to all of its steps
        return self._invoked(documents_in(input), config)

    async def ainvoke(
        self,
        input: Iterable[Document],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same, awaited."""
        del kwargs
        return await self._ainvoked(await adocuments_in(input), config)

    def _invoked(self, given: list[Document], config: RunnableConfig | None, **options: Any) -> list[Document]:
        """Works on a list as a run."""
        found = list[Document]()

        def transform(_: Any, run_manager: Any, config: RunnableConfig) -> Any:
            documents, told = self._transformed(given, run_manager, config, **options)
            found.extend(documents)
            return told

        self._call_with_config(transform, cast("Any", references_to(given)), config)
        return found

    async def _ainvoked(self, given: list[Document], config: RunnableConfig | None, **options: Any) -> list[Document]:
        """The same, awaited."""
        found = list[Document]()

        async def transform(_: Any, run_manager: Any, config: RunnableConfig) -> Any:
            documents, told = await self._atransformed(given, run_manager, config, **options)
            found.extend(documents)
            return told

        references = await in_thread(references_to, given)  # hashes of texts
        await self._acall_with_config(transform, cast("Any", references), config)
        return found

    def batch(
        self,
        inputs: list[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[list[Document]]:
        """Labels lists of documents, each a run of its own; all are worked on, whatever fails.

        Raises:
            ClassifyError: the first list's that failed, unless `return_exceptions`.
        """
        outcomes = Runnable.batch(self, inputs, config, return_exceptions=True, **kwargs)
        return outcomes if return_exceptions else _without_errors(outcomes)

    async def abatch(
        self,
        inputs: list[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[list[Document]]:
        """The same, awaited; cancelling it cancels the work, and nothing goes on in the background."""
        outcomes = await Runnable.abatch(self, inputs, config, return_exceptions=True, **kwargs)
        return outcomes if return_exceptions else _without_errors(outcomes)

    async def abatch_as_completed(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | Sequence[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> AsyncIterator[tuple[int, Any]]:
        """Yields `(index, documents)` as each list is done; what is not done when it ends is cancelled.

        Raises:
            ClassifyError: a list failed; with `return_exceptions` it is yielded in the place of the documents.
        """
        configs = get_config_list(cast("Any", config), len(inputs)) if inputs else []
        slots = asyncio.Semaphore((configs[0].get("max_concurrency") if configs else None) or max(1, len(inputs)))

        async def outcome(place: int) -> tuple[int, Any]:
            async with slots:
                try:
                    return place, await self.ainvoke(inputs[place], configs[place], **kwargs)
                except Exception as error:  # noqa: BLE001 - an outcome too; raised below
                    return place, error

        tasks = [asyncio.create_task(outcome(place)) for place in range(len(inputs))]
        try:
            for completed in asyncio.as_completed(tasks):
                place, found = await completed
                if isinstance(found, Exception) and not return_exceptions:
                    raise found
                yield place, found
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def with_retry(
        self,
        *,
        retry_if_exception_type: tuple[type[BaseException], ...] | Callable[[BaseException], bool] = RETRYABLE,
        wait_exponential_jitter: bool = True,
        exponential_jitter_params: ExponentialJitterParams | None = None,
        stop_after_attempt: int = 3,
    ) -> Runnable[Sequence[Document], list[Document]]:
        """A runnable that tries a list again whose documents failed only with what may pass, such as lost connections.

        What is classified already is not classified again. A failure has to be raised for that: `on_failure="raise"`.
        A stream is gathered and tried as one list.
        """
        return ClassifyTransformerRetry(
            bound=self,
            retry_exception_types=retry_if_exception_type,
            wait_exponential_jitter=wait_exponential_jitter,
            exponential_jitter_params=exponential_jitter_params,
            max_attempt_number=stop_after_attempt,
        )


class ClassifyTransformerRetry(TransformingMethods, DumpedFromHere, RunnableRetry[Sequence[Document], list[Document]]):
    """Tries lists of documents again, each by itself; made by `with_retry`."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    retry_exception_types: tuple[type[BaseException], ...] | Callable[[BaseException], bool] = RETRYABLE

    # These end in `invoke`; those of LangChain's bindings would leave the attempts out.
    batch_as_completed: ClassVar[Any] = Runnable.batch_as_completed
    stream: ClassVar[Any] = Runnable.stream
    astream: ClassVar[Any] = Runnable.astream
    transform: ClassVar[Any] = Runnable.transform
    atransform: ClassVar[Any] = Runnable.atransform

    def _transformed(
        self, documents: list[Document], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> Transformed:
        del options  # those of a stream, which is gathered before it is tried
        found = self._invoke(documents, run_manager, config)
        return found, {"count": len(found)}

    async def _atransformed(
        self, documents: list[Document], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> Transformed:
        del options
        found = await self._ainvoke(documents, run_manager, config)
        return found, {"count": len(found)}

    @property
    def _kwargs_retrying(self) -> dict[str, Any]:
        return super()._kwargs_retrying | {"retry": retry_if_exception(self._may_pass)}

    def _may_pass(self, error: BaseException) -> bool:
        types = self.retry_exception_types
        if not isinstance(types, tuple):
            return types(error)
        if isinstance(error, types) or not isinstance(error, BatchError):
            return isinstance(error, types)
        failures = [outcome.error for outcome in error.outcomes if not outcome.status.is_success]
        return bool(failures) and all(isinstance(failure, types) for failure in failures)


def _without_errors(outcomes: list[Any]) -> list[list[Document]]:
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
    return outcomes
