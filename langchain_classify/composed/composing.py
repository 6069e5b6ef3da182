"""What LangChain makes of a runnable (`with_retry`, `with_fallbacks`, `map`, ...), so that no tracer sees a text there.

LangChain's own classes for retries, fallbacks and lists open runs with whatever they are given: in their place stand
ours, whose runs tell references. Bindings and configured runnables open no runs; ours see to it that what is made of
them is ours too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar, cast

from langchain_core.runnables import Runnable, RunnableBinding, RunnableConfig
from langchain_core.runnables.base import RunnableEach
from langchain_core.runnables.config import get_config_list
from pydantic import ConfigDict

from classify_core.classification import Classification
from classify_core.windows import ending
from langchain_classify.batches.calling_each import CallingEachMethods
from langchain_classify.composed.dumping import DumpedFromHere
from langchain_classify.composed.falling_back import ClassifyWithFallbacks, TakesDocuments
from langchain_classify.composed.retrying import RETRYABLE, ClassifyRetry
from langchain_classify.references import DocumentLike
from langchain_classify.traced_inputs import areference_to, listed, reference_to

if TYPE_CHECKING:
    from langchain_core.runnables.retry import ExponentialJitterParams

    from langchain_classify.batches.runs import ConfigLike


class ComposingMethods(TakesDocuments):
    """A mixin: what is made of the runnable is ours."""

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
        return ClassifyBinding(bound=retry)

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
            fallbacks=fallbacks,
            exceptions_to_handle=exceptions_to_handle,
            exception_key=exception_key,
        )
        return ClassifyBinding(bound=composed)

    def map(self) -> Any:
        """A runnable that takes a list."""
        return ClassifyBinding(bound=ClassifyEach(bound=self))

    def with_alisteners(self, **listeners: Any) -> Runnable[DocumentLike, Classification]:
        """As of any runnable."""
        plain: Any = super().with_alisteners(**listeners)
        return ClassifyBinding(bound=self, config_factories=plain.config_factories)

    def astream_events(self, input: DocumentLike, *args: Any, **options: Any) -> Any:  # noqa: A002 - LangChain's name
        """The events of a run, whose first one would tell the input."""
        events: Any = super().astream_events(input, *args, **options)
        return _by_reference(events, input) if isinstance(events, AsyncIterator) else events


class ClassifyBinding(ComposingMethods, DumpedFromHere, RunnableBinding[Any, Any]):
    """A runnable of ours with arguments, config, types or listeners of its own."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    def with_retry(self, **options: Any) -> Runnable[Any, Any]:
        """As of any runnable of ours; what was bound before is bound to all attempts together."""
        if isinstance(self.bound, (ComposingMethods, ClassifyEach)):
            return self.model_copy(update={"bound": self.bound.with_retry(**options)})
        return super().with_retry(**options)

    async def abatch_as_completed(
        self, inputs: Sequence[Any], config: Any = None, **options: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        """As the bound runnable; closing it closes that, where LangChain's own leaves it running."""
        configs = [self._merge_configs(each) for each in get_config_list(config, len(inputs))]
        completed: Any = self.bound.abatch_as_completed(inputs, configs, **{**self.kwargs, **options})
        async with aclosing(completed):
            async for each in completed:
                yield each

    # A streamed input is whole before it can be classified; then it goes to `stream`.
    transform: ClassVar[Any] = Runnable.transform
    atransform: ClassVar[Any] = Runnable.atransform


class ClassifyConfigurable(ClassifyBinding):
    """A runnable that is made anew for a call's own config; a batch under one config stays one batch."""

    def batch(self, inputs: Sequence[Any], config: Any = None, **options: Any) -> list[Any]:
        """As the configured runnable."""
        return self._configured(config, len(inputs)).batch(listed(inputs), config, **options)

    async def abatch(self, inputs: Sequence[Any], config: Any = None, **options: Any) -> list[Any]:
        """As the configured runnable."""
        return await self._configured(config, len(inputs)).abatch(listed(inputs), config, **options)

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

    def _configured(self, config: ConfigLike, count: int) -> ClassifyBinding:
        """For all inputs, where they are configured alike; else one that is made anew for each of them."""
        dynamic: Any = self.bound
        bound: dict[str, Any] = {
            "kwargs": self.kwargs,
            "config": self.config,
            "config_factories": self.config_factories,
        }
        configs = [self._merge_configs(each) for each in get_config_list(config, count)]
        if any(each.get("configurable") != configs[0].get("configurable") for each in configs):
            return ConfiguredApart(bound=dynamic, **bound)
        return ClassifyBinding(bound=dynamic.prepare(configs[0])[0] if configs else dynamic, **bound)


class ConfiguredApart(CallingEachMethods, ClassifyBinding):
    """A configurable runnable whose inputs are configured each by itself."""


class ClassifyEach(CallingEachMethods, DumpedFromHere, RunnableEach[Any, Any]):
    """A runnable of ours for a list; made by `map`."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    def invoke(self, input: Sequence[Any], config: RunnableConfig | None = None, **kwargs: Any) -> list[Any]:  # noqa: A002 - LangChain's name
        """Classifies the documents of a list."""
        values = listed(input)

        def each(_: Any, run_manager: Any, config: RunnableConfig) -> list[Any]:
            return list(self._invoke(values, run_manager, config, **kwargs))

        reference: Any = reference_to(values)
        return cast("list[Any]", self._call_with_config(each, reference, config))

    async def ainvoke(self, input: Sequence[Any], config: RunnableConfig | None = None, **kwargs: Any) -> list[Any]:  # noqa: A002 - LangChain's name
        """The same, awaited."""
        values = listed(input)

        async def each(_: Any, run_manager: Any, config: RunnableConfig) -> list[Any]:
            return list(await self._ainvoke(values, run_manager, config, **kwargs))

        reference: Any = await areference_to(values)
        return cast("list[Any]", await self._acall_with_config(each, reference, config))

    def with_retry(self, **options: Any) -> Runnable[Any, Any]:
        """Tries each document of the list again by itself."""
        return self.model_copy(update={"bound": self.bound.with_retry(**options)})


async def _by_reference(events: AsyncIterator[Any], value: Any) -> AsyncIterator[Any]:
    async with ending(events):
        async for event in events:
            if event["data"].get("input") is value:
                event["data"] = {**event["data"], "input": await areference_to(value)}
            yield event
