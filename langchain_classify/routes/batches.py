"""A batch of a router: each branch is run once, with all inputs that take it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_executor_for_config

from classify_core.errors import ClassifyError, InvalidOptionError
from langchain_classify.routes.reading import RouteReader, looked_up
from langchain_classify.routes.tracing import RouterRun


@dataclass(slots=True)
class Group:
    """The inputs for one branch.

    Attributes:
        branch: what takes them.
        places: theirs in the batch.
        inputs: in the order given.
        configs: one each.
    """

    branch: Runnable[Any, Any]
    places: list[int] = field(default_factory=list)
    inputs: list[Any] = field(default_factory=list)
    configs: list[RunnableConfig] = field(default_factory=list)

    def add(self, place: int, value: Any, config: RunnableConfig) -> None:
        """Takes one more input."""
        self.places.append(place)
        self.inputs.append(value)
        self.configs.append(config)

    def run(self, **kwargs: Any) -> list[Any]:
        """What the branch gives for each, an error in its place; never raises one."""
        if not self.inputs:
            return []
        try:
            return self._checked(self.branch.batch(self.inputs, self.configs, return_exceptions=True, **kwargs))
        except Exception as error:  # noqa: BLE001 - a branch that fails stops no other
            return [error] * len(self.inputs)

    async def arun(self, **kwargs: Any) -> list[Any]:
        """The same, awaited."""
        if not self.inputs:
            return []
        try:
            return self._checked(await self.branch.abatch(self.inputs, self.configs, return_exceptions=True, **kwargs))
        except Exception as error:  # noqa: BLE001 - a branch that fails stops no other
            return [error] * len(self.inputs)

    def _checked(self, outputs: Sequence[Any]) -> list[Any]:
        stopped = next((one for one in outputs if _is_stop(one)), None)
        if stopped is not None:  # LangChain's own batches hand back a cancellation as if it were a failed input's error
            raise stopped
        if len(outputs) != len(self.inputs):
            raise InvalidOptionError(
                f"the batch of the branch {self.branch.get_name()!r} gave {len(outputs)} outputs for "
                f"{len(self.inputs)} inputs; it must give one for each"
            )
        return list(outputs)


class RoutedBatch:
    """The inputs of one call and what each comes to: an output, or an error.

    Args:
        inputs: what the branches get.
        runs: the run of each.
    """

    def __init__(self, inputs: Sequence[Any], runs: Sequence[RouterRun]) -> None:
        self._inputs = inputs
        self._runs = runs
        self._told: list[Any] = list(inputs)
        self._outcomes: list[Any] = [None] * len(inputs)

    def to_classify(self, step: Runnable[Any, Any], key: str | None) -> Group:
        """The documents to be classified, for `step` to do; what has none under the key has an error for outcome."""
        group = Group(step)
        for place, value in enumerate(self._inputs):
            try:
                document = looked_up(key, value)
            except ClassifyError as error:
                self._told[place] = error
            else:
                group.add(place, document, self._runs[place].classifying())
        return group

    def classified(self, group: Group, found: Sequence[Any]) -> None:
        """Takes what was found, errors in their places."""
        for place, one in zip(group.places, found, strict=True):
            self._told[place] = one

    def assign(self, reader: RouteReader, branches: Mapping[str, Runnable[Any, Any]]) -> list[Group]:
        """The inputs by branch; what has no route, since it could not be told, has its error for outcome."""
        groups = dict[int, Group]()
        for place, told in enumerate(self._told):
            route = _route_or_error(reader, told)
            if isinstance(route, Exception):
                self._settle(place, route)
                continue
            branch = branches[route]
            group = groups.setdefault(id(branch), Group(branch))
            group.add(place, self._inputs[place], self._runs[place].branching(route))
        return list(groups.values())

    def run(self, groups: Sequence[Group], **kwargs: Any) -> None:
        """Runs the branches side by side; one after the other where the config bounds what runs at once."""
        if len(groups) < 2 or self._is_bounded:  # noqa: PLR2004 - one alone needs no thread
            self._keep(groups, [group.run(**kwargs) for group in groups])
            return
        executor: Executor
        with get_executor_for_config(self._runs[0].config) as executor:
            self._keep(groups, list(executor.map(lambda group: group.run(**kwargs), groups)))

    async def arun(self, groups: Sequence[Group], **kwargs: Any) -> None:
        """The same, awaited; cancelled, it cancels all of them and waits until they have ended."""
        if self._is_bounded:
            self._keep(groups, [await group.arun(**kwargs) for group in groups])
            return
        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(group.arun(**kwargs)) for group in groups]
        self._keep(groups, [task.result() for task in tasks])

    def results(self, *, return_exceptions: bool) -> list[Any]:
        """What each input comes to, in the order given.

        Raises:
            Exception: that of the first input that failed, unless `return_exceptions`.
        """
        errors = (outcome for outcome in self._outcomes if isinstance(outcome, Exception))
        first = None if return_exceptions else next(errors, None)
        if first is not None:
            raise first
        return self._outcomes

    @property
    def _is_bounded(self) -> bool:
        return self._runs[0].config.get("max_concurrency") is not None

    def _keep(self, groups: Sequence[Group], outputs: Sequence[Sequence[Any]]) -> None:
        for group, own in zip(groups, outputs, strict=True):
            for place, output in zip(group.places, own, strict=True):
                self._settle(place, output)

    def _settle(self, place: int, outcome: Any) -> None:
        self._outcomes[place] = outcome
        if isinstance(outcome, Exception):
            self._runs[place].error = outcome


def _is_stop(outcome: Any) -> bool:
    return isinstance(outcome, BaseException) and not isinstance(outcome, Exception)


def _route_or_error(reader: RouteReader, value: Any) -> str | Exception:
    if isinstance(value, Exception):
        return value
    try:
        return reader.route_of(value)
    except ClassifyError as error:
        return error
