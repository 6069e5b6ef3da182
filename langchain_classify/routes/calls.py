"""How a router is called: one input or many, awaited or not, at once or as a stream."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig, RunnableSerializable
from pydantic import Field

from classify_core.errors import InvalidOptionError
from classify_core.windows import ending
from langchain_classify.component import COMPONENT_CONFIG
from langchain_classify.routes.batches import Group, RoutedBatch
from langchain_classify.routes.branches import aloaded_rules, loaded_rules
from langchain_classify.routes.reading import RouteReader, looked_up
from langchain_classify.routes.tracing import RouterRun, arouter_runs, router_runs


class RouterCalls(RunnableSerializable[Any, Any]):
    """The calls of a router; what its branches are, and how a route is read, its subclass tells.

    Attributes:
        classify: classifies the inputs; None where they tell their type themselves.
        key: under which a mapping holds what tells its type, or what is to be classified.
    """

    model_config = COMPONENT_CONFIG

    classify: Runnable[Any, Any] | None = Field(default=None, frozen=True)
    key: str | None = Field(default=None, frozen=True)

    @property
    @abstractmethod
    def branches(self) -> dict[str, Runnable[Any, Any]]:
        """Every branch by the name of its route."""

    @abstractmethod
    def reader(self) -> RouteReader:
        """What reads routes off what was classified."""

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """Hands the input to its branch, which also gets `kwargs`.

        Raises:
            InvalidOptionError: the input tells no type.
            ClassifyError: it could not be classified, and `classify` raises.
        """
        with router_runs(self, [input], config) as [run]:
            route = self._route(input, run)
            return self.branches[route].invoke(input, run.branching(route), **kwargs)

    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:  # noqa: A002 - LangChain's name
        """The same, awaited."""
        async with arouter_runs(self, [input], config) as [run]:
            route = await self._aroute(input, run)
            return await self.branches[route].ainvoke(input, run.branching(route), **kwargs)

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:  # noqa: A002 - LangChain's name
        """The chunks of the branch, as they come."""
        with router_runs(self, [input], config) as [run]:
            route = self._route(input, run)
            yield from self.branches[route].stream(input, run.branching(route), **kwargs)

    async def astream(
        self,
        input: Any,  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        """The same on an event loop."""
        async with arouter_runs(self, [input], config) as [run]:
            route = await self._aroute(input, run)
            chunks = self.branches[route].astream(input, run.branching(route), **kwargs)
            async with ending(chunks):
                async for chunk in chunks:
                    yield chunk

    def batch(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Any]:
        """What the branches give, in the order of the inputs; each branch gets all of its inputs by one `batch`.

        All inputs are worked on, whatever fails. The branches run side by side, or one after the other where the config
        has a `max_concurrency`.

        Raises:
            Exception: that of the first input that failed, unless `return_exceptions`.
        """
        if not inputs:
            return []
        with router_runs(self, inputs, config) as runs:
            work = RoutedBatch(inputs, runs)
            if self.classify is not None:
                asked = work.to_classify(self.classify, self.key)
                work.classified(asked, self._found(asked))
            work.run(work.assign(self.reader(), self.branches), **kwargs)
        return work.results(return_exceptions=return_exceptions)

    async def abatch(
        self,
        inputs: Sequence[Any],
        config: RunnableConfig | list[RunnableConfig] | None = None,
        *,
        return_exceptions: bool = False,
        **kwargs: Any,
    ) -> list[Any]:
        """The same, awaited; cancelling it cancels the work, and nothing goes on in the background."""
        if not inputs:
            return []
        async with arouter_runs(self, inputs, config) as runs:
            work = RoutedBatch(inputs, runs)
            if self.classify is not None:
                asked = work.to_classify(self.classify, self.key)
                work.classified(asked, await self._afound(asked))
            await work.arun(work.assign(self.reader(), self.branches), **kwargs)
        return work.results(return_exceptions=return_exceptions)

    def _route(self, value: Any, run: RouterRun) -> str:
        reader, found = self.reader(), value
        if self.classify is not None:
            reader.plan.check(loaded_rules(self.classify))
            found = self.classify.invoke(looked_up(self.key, value), run.classifying())
        return reader.route_of(found)

    async def _aroute(self, value: Any, run: RouterRun) -> str:
        reader, found = self.reader(), value
        if self.classify is not None:
            reader.plan.check(await aloaded_rules(self.classify))
            found = await self.classify.ainvoke(looked_up(self.key, value), run.classifying())
        return reader.route_of(found)

    def _found(self, asked: Group) -> list[Any]:
        try:
            self.reader().plan.check(loaded_rules(asked.branch))
        except InvalidOptionError as error:
            return [error] * len(asked.inputs)
        return asked.run()

    async def _afound(self, asked: Group) -> list[Any]:
        try:
            self.reader().plan.check(await aloaded_rules(asked.branch))
        except InvalidOptionError as error:
            return [error] * len(asked.inputs)
        return await asked.arun()
