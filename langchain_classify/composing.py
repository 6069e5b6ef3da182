"""What LangChain makes of a runnable (`with_retry`, `with_fallbacks`, `map`, ...), so that no tracer sees a text there.

Its classes do the work; around each stands one of ours, which gives it references in place of documents.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langchain_core.runnables.base import RunnableEach
from langchain_core.runnables.config import get_config_list
from pydantic import ConfigDict

from classify_core.classification import Classification
from langchain_classify.dumping import DumpedFromHere
from langchain_classify.falling_back import ClassifyWithFallbacks
from langchain_classify.references import DocumentLike
from langchain_classify.retrying import RETRYABLE, ClassifyRetry
from langchain_classify.traced_inputs import revealed, traced

if TYPE_CHECKING:
    from langchain_core.runnables.retry import ExponentialJitterParams

    from langchain_classify.runs import ConfigLike


class ComposingMethods(Runnable[DocumentLike, Classification]):
    """A mixin for runnables that take a reference for the document it was made of."""

    def with_retry(
        self,
        *,
        retry_if_exception_type: tuple[type[BaseException], ...] | Callable[[BaseException], bool] = RETRYABLE,
        wait_exponential_jitter: bool = True,
        exponential_jitter_params: ExponentialJitterParams | None = None,
        stop_after_attempt: int = 3,
    ) -> Runnable[DocumentLike, Classification]:
        """A runnable that tries again what may pass: lost connections, failures of the service, time-outs.

        What will never succeed (a wrong key, a protected file) is not tried again. Single requests are retried already;
        this adds whole attempts.
        """
        retry = ClassifyRetry(
            bound=self,
            retry_exception_types=retry_if_exception_type,
            wait_exponential_jitter=wait_exponential_jitter,
            exponential_jitter_params=exponential_jitter_params,
            max_attempt_number=stop_after_attempt,
        )
        return ByReference(bound=retry)

    def with_fallbacks(
        self,
        fallbacks: Sequence[Runnable[DocumentLike, Classification]],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
    ) -> Any:
        """A runnable that turns to `fallbacks`, in order, where this one fails.

        With `exception_key` a fallback that is not ours gets `{"input": document, exception_key: error}`.
        """
        composed = ClassifyWithFallbacks(
            runnable=self,
            fallbacks=[taking_references(each) for each in fallbacks],
            exceptions_to_handle=exceptions_to_handle,
            exception_key=exception_key,
        )
        return ByReference(bound=composed)

    def map(self) -> Any:
        """A runnable that takes a list."""
        return EachByReference(bound=RunnableEach(bound=self))

    def with_alisteners(self, **listeners: Any) -> Runnable[DocumentLike, Classification]:
        """As of any runnable."""
        return ByReference(bound=super().with_alisteners(**listeners))

    def astream_events(self, input: DocumentLike, *args: Any, **options: Any) -> Any:  # noqa: A002 - LangChain's name
        """The events of a run, whose first one would tell the input."""
        return super().astream_events(traced(input), *args, **options)


class _Translating(DumpedFromHere, RunnableBinding[Any, Any]):
    """A binding that hands on another value in place of each input."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    @abstractmethod
    def _translated(self, value: Any) -> Any:
        """What is handed on."""

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """As the bound runnable."""
        return super().invoke(self._translated(input), config, **kwargs)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """As the bound runnable."""
        return await super().ainvoke(self._translated(input), config, **kwargs)

    def batch(self, inputs: Sequence[Any], *args: Any, **options: Any) -> list[Any]:
        """As the bound runnable."""
        return super().batch([self._translated(value) for value in inputs], *args, **options)

    async def abatch(self, inputs: Sequence[Any], *args: Any, **options: Any) -> list[Any]:
        """As the bound runnable."""
        return await super().abatch([self._translated(value) for value in inputs], *args, **options)

    def batch_as_completed(self, inputs: Sequence[Any], *args: Any, **options: Any) -> Iterator[tuple[int, Any]]:
        """As the bound runnable."""
        return super().batch_as_completed([self._translated(value) for value in inputs], *args, **options)

    async def abatch_as_completed(
        self, inputs: Sequence[Any], config: Any = None, **options: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        """As the bound runnable; closing it closes that, where LangChain's own leaves it running."""
        values = [self._translated(value) for value in inputs]
        configs = [self._merge_configs(each) for each in get_config_list(config, len(inputs))]
        completed: Any = self.bound.abatch_as_completed(values, configs, **{**self.kwargs, **options})
        async with aclosing(completed):
            async for each in completed:
                yield each

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:  # noqa: A002 - LangChain's name
        """As the bound runnable."""
        return super().stream(self._translated(input), config, **kwargs)

    def astream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> AsyncIterator[Any]:  # noqa: A002 - LangChain's name
        """As the bound runnable."""
        return super().astream(self._translated(input), config, **kwargs)

    # A streamed input is whole before it can be translated; then it goes to `stream`.
    transform: ClassVar[Any] = Runnable.transform
    atransform: ClassVar[Any] = Runnable.atransform


class ByReference(ComposingMethods, _Translating):
    """Something that LangChain made of a runnable of ours, given references."""

    def with_retry(self, **options: Any) -> Runnable[DocumentLike, Classification]:
        """As of any runnable of ours; what was bound before is bound to all attempts together."""
        if isinstance(self.bound, ComposingMethods):
            return RunnableBinding.with_retry(self, **options)
        return super().with_retry(**options)

    def _translated(self, value: Any) -> Any:
        return traced(value)


class EachByReference(ByReference):
    """The same of a list: made by `map`."""

    def with_retry(self, **options: Any) -> Runnable[Any, Any]:
        """Tries each document of the list again by itself."""
        each: Any = self.bound
        return self.model_copy(update={"bound": RunnableEach(bound=each.bound.with_retry(**options))})


class ConfigurableByReference(ByReference):
    """The same of a runnable that is made anew for a call's own config; a batch under one config stays one batch."""

    def batch(self, inputs: Sequence[Any], config: Any = None, **options: Any) -> list[Any]:
        """As the configured runnable."""
        return self._configured(config, len(inputs)).batch(inputs, config, **options)

    async def abatch(self, inputs: Sequence[Any], config: Any = None, **options: Any) -> list[Any]:
        """As the configured runnable."""
        return await self._configured(config, len(inputs)).abatch(inputs, config, **options)

    def batch_as_completed(
        self, inputs: Sequence[Any], config: Any = None, **options: Any
    ) -> Iterator[tuple[int, Any]]:
        """As the configured runnable."""
        return self._configured(config, len(inputs)).batch_as_completed(inputs, config, **options)

    def abatch_as_completed(
        self, inputs: Sequence[Any], config: Any = None, **options: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        """As the configured runnable."""
        return self._configured(config, len(inputs)).abatch_as_completed(inputs, config, **options)

    def _configured(self, config: ConfigLike, count: int) -> ByReference:
        """For all inputs, where they are configured alike; else LangChain's own, which makes one for each."""
        dynamic: Any = self.bound
        configs = [self._merge_configs(each) for each in get_config_list(config, count)]
        if configs and all(each.get("configurable") == configs[0].get("configurable") for each in configs):
            dynamic, _ = dynamic.prepare(configs[0])
        return ByReference(
            bound=dynamic, kwargs=self.kwargs, config=self.config, config_factories=self.config_factories
        )


class Revealed(_Translating):
    """A runnable that is not ours among those that are given references: it gets the documents."""

    def _translated(self, value: Any) -> Any:
        return revealed(value)


def taking_references(runnable: Any) -> Any:
    """A runnable, or a function that makes one, that takes references for documents."""
    if isinstance(runnable, ComposingMethods):
        return runnable
    if isinstance(runnable, Runnable):
        return Revealed(bound=runnable)
    return lambda: taking_references(runnable())
