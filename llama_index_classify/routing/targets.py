"""Where a route leads: a pipeline, an index, transformations or a function, all to be run in one way."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Final

from llama_index.core.indices.base import BaseIndex
from llama_index.core.ingestion import IngestionPipeline, arun_transformations, run_transformations
from llama_index.core.schema import BaseNode, Document, TransformComponent

from classify_core.errors import InvalidOptionError
from llama_index_classify.routing.contents import Contents, IndexContents, PipelineContents
from llama_index_classify.routing.off_loop import off_loop


class Target(ABC):
    """Takes the documents of a route, all of a run in one call.

    Attributes:
        kind: what it is, for people.
        needs_await: whether it can be run with `arun` only.
        contents: what it keeps of documents; None where it keeps nothing that could be removed.
    """

    kind: ClassVar[str]
    needs_await: bool = False
    contents: Contents | None = None

    @abstractmethod
    def run(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode] | None:
        """Hands over labelled nodes.

        Returns:
            What they became; None where the target does not tell.
        """

    @abstractmethod
    async def arun(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode] | None:
        """The same, awaited; what can only block does so in a thread."""


class PipelineTarget(Target):
    """An `IngestionPipeline`, run as it is."""

    kind = "pipeline"

    def __init__(self, pipeline: IngestionPipeline) -> None:
        self._pipeline = pipeline
        self.contents: PipelineContents = PipelineContents(pipeline)

    def run(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode]:
        """Runs the pipeline; where that fails, its docstore does not take the nodes for ingested."""
        hashes = self.contents.hashes(nodes)
        try:
            return list(self._pipeline.run(show_progress=show_progress, **_as_arguments(nodes)))
        except BaseException:
            self.contents.restore(hashes)
            raise

    async def arun(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode]:
        """The same, awaited; a step without an `acall` of its own holds the loop, as in every pipeline."""
        hashes = await self.contents.ahashes(nodes)
        try:
            return list(await self._pipeline.arun(show_progress=show_progress, **_as_arguments(nodes)))
        except BaseException:
            await self.contents.arestore(hashes)
            raise


class IndexTarget(Target):
    """An index: documents are inserted one by one, which splits and embeds them; nodes as they are."""

    kind = "index"

    def __init__(self, index: BaseIndex[Any]) -> None:
        self.contents: IndexContents = IndexContents(index)

    def run(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode] | None:
        """Inserts; an index tells of the nodes alone that it was given as nodes."""
        del show_progress  # an index has its own
        self.contents.insert(nodes)
        return _nodes_among(nodes)

    async def arun(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode] | None:
        """The same, awaited."""
        del show_progress
        await self.contents.ainsert(nodes)
        return _nodes_among(nodes)


class TransformationsTarget(Target):
    """Transformations, run one after the other; their nodes are in the report and nowhere else."""

    kind = "transformations"

    def __init__(self, steps: Sequence[TransformComponent]) -> None:
        self._steps = steps

    def run(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode]:
        """Runs them."""
        return list(run_transformations(nodes, self._steps, **_shown(show_progress)))

    async def arun(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode]:
        """The same, awaited; a step without an `acall` of its own runs in a thread."""
        current: Sequence[BaseNode] = nodes
        for step in self._steps:
            if type(step).acall is TransformComponent.acall:
                current = await off_loop(partial(run_transformations, current, [step], **_shown(show_progress)))
            else:
                current = await arun_transformations(current, [step], **_shown(show_progress))
        return list(current)


class CallableTarget(Target):
    """A function of the list; where it returns nodes, they are in the report."""

    kind = "callable"

    def __init__(self, function: Callable[[list[BaseNode]], Any]) -> None:
        self._function = function
        self.needs_await = _is_async(function)

    def run(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode] | None:
        """Calls it."""
        del show_progress
        returned = self._function(nodes)
        if inspect.iscoroutine(returned):
            returned.close()  # else Python warns that nobody awaited it
        if inspect.isawaitable(returned):
            raise InvalidOptionError(f"the function returned a {type(returned).__name__} to be awaited; use arun()")
        return _nodes_in(returned)

    async def arun(self, nodes: list[BaseNode], *, show_progress: bool) -> Sequence[BaseNode] | None:
        """Awaits it; a function that is not async runs in a thread."""
        del show_progress
        returned = await (self._function(nodes) if self.needs_await else off_loop(self._function, nodes))
        return _nodes_in(await returned if inspect.isawaitable(returned) else returned)


def target_of(route: str, given: Any) -> Target:
    """The target of a route.

    Raises:
        InvalidOptionError: it is nothing that documents can be handed to.
    """
    if isinstance(given, IngestionPipeline):
        return PipelineTarget(given)
    if isinstance(given, BaseIndex):
        return IndexTarget(given)
    if isinstance(given, TransformComponent):
        return TransformationsTarget([given])
    if isinstance(given, Sequence) and not isinstance(given, (str, bytes)):
        return TransformationsTarget(_checked_steps(route, given))
    if callable(given) and not isinstance(given, type):
        return CallableTarget(given)
    raise InvalidOptionError(f"route {route!r}: {_named(given)} takes no documents; {_CHOICES}")


_CHOICES: Final = "give an IngestionPipeline, an index, a list of transformations, or a function of a list of documents"


def _checked_steps(route: str, given: Sequence[Any]) -> Sequence[TransformComponent]:
    strange = next((step for step in given if not isinstance(step, TransformComponent)), None)
    if strange is not None:
        raise InvalidOptionError(f"route {route!r}: {_named(strange)} is no transformation; {_CHOICES}")
    return given


def _named(given: object) -> str:
    return f"the class {given.__name__}" if isinstance(given, type) else f"a {type(given).__name__}"


def _as_arguments(nodes: list[BaseNode]) -> dict[str, list[BaseNode]]:
    """Under the name that a pipeline has for them; a mixture goes as nodes, so that the order is kept."""
    return {"documents" if all(isinstance(node, Document) for node in nodes) else "nodes": nodes}


def _nodes_among(nodes: list[BaseNode]) -> list[BaseNode] | None:
    return [node for node in nodes if not isinstance(node, Document)] or None


def _shown(show_progress: bool) -> dict[str, Any]:  # noqa: FBT001 - the one thing that it translates
    # Handed on only where asked for: llama-index-core 0.13 passes it to each step, which may not know it.
    return {"show_progress": True} if show_progress else {}


def _is_async(given: Any) -> bool:
    function = given.func if isinstance(given, partial) else given
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _nodes_in(returned: Any) -> list[BaseNode] | None:
    is_nodes = isinstance(returned, (list, tuple)) and all(isinstance(node, BaseNode) for node in returned)
    return list(returned) if is_nodes else None
