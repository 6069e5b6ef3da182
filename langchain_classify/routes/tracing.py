"""The router's own runs: they tell what was routed by a reference and which route was taken, never a text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, TypeAlias

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import (
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    get_config_list,
    patch_config,
)

from classify_core.background import in_thread
from classify_core.classification import Classification
from classify_core.errors import InvalidOptionError
from langchain_classify.references import MAX_TRACED, references_to, source_of

CLASSIFY_NAME: Final = "classify"
"""The name of the run that classifies, within the router's."""


ConfigLike: TypeAlias = RunnableConfig | list[RunnableConfig] | None
"""One config for all inputs, or each input's own."""


@dataclass(slots=True)
class RouterRun:
    """The run of one input.

    Attributes:
        config: as it was given.
        manager: of the run's callbacks.
        route: the name of the route taken, once it is known.
        error: why this input came to nothing, where the others go on.
    """

    config: RunnableConfig
    manager: CallbackManagerForChainRun | AsyncCallbackManagerForChainRun
    route: str | None = None
    error: Exception | None = None

    def classifying(self) -> RunnableConfig:
        """The config of what classifies."""
        return patch_config(self.config, callbacks=self.manager.get_child(), run_name=CLASSIFY_NAME)

    def branching(self, route: str) -> RunnableConfig:
        """Notes the route; the config of its branch, whose run bears the route as a tag."""
        self.route = route
        return patch_config(self.config, callbacks=self.manager.get_child(f"route:{route}"))

    def ended(self, stopped_by: BaseException | None = None) -> Any:
        """Ends the run with the route, or an error; what an asynchronous one returns is to be awaited.

        What the branch gave is told by the branch's own run.
        """
        error = stopped_by if self.error is None else self.error
        if error is None or isinstance(error, GeneratorExit):  # a stream's reader has read enough
            return self.manager.on_chain_end({"route": self.route})
        return self.manager.on_chain_error(error)


@contextmanager
def router_runs(router: Runnable[Any, Any], values: Sequence[Any], config: ConfigLike) -> Iterator[list[RouterRun]]:
    """A run around the routing of each value; that of a stream whose reader stops early has ended well."""
    configs = get_config_list(config, len(values))
    managers = [get_callback_manager_for_config(own) for own in configs]
    references = _references(values, managers)
    runs = list(map(RouterRun, configs, _begun(router, references, configs, managers)))
    try:
        yield runs
    except BaseException as error:
        for run in runs:
            run.ended(error)
        raise
    for run in runs:
        run.ended()


@asynccontextmanager
async def arouter_runs(
    router: Runnable[Any, Any], values: Sequence[Any], config: ConfigLike
) -> AsyncIterator[list[RouterRun]]:
    """The same on an event loop; texts are hashed in a thread."""
    configs = get_config_list(config, len(values))
    managers = [get_async_callback_manager_for_config(own) for own in configs]
    is_heard = any(manager.handlers for manager in managers)
    references = await in_thread(_references, values, managers) if is_heard else _references(values, managers)
    begun = await asyncio.gather(*_begun(router, references, configs, managers))
    runs = list(map(RouterRun, configs, begun))
    try:
        yield runs
    except BaseException as error:
        await asyncio.gather(*(run.ended(error) for run in runs))
        raise
    await asyncio.gather(*(run.ended() for run in runs))


def reference_to(value: Any) -> dict[str, Any]:
    """What a tracer may know of an input: of documents name, size and digest, of a mapping its keys."""
    if isinstance(value, Classification):
        told = {"name": value.source_name, "digest": value.digest, "type": value.type, "status": value.status.value}
        return {"kind": "classification", **told}
    if isinstance(value, Mapping):
        return {"kind": "mapping", "keys": [key for key in islice(value, MAX_TRACED) if isinstance(key, str)]}
    if isinstance(value, (list, tuple)) and all(isinstance(one, Document) for one in value):
        return references_to(value)
    try:
        return source_of(value).reference
    except InvalidOptionError:
        return {"kind": type(value).__name__}


def _references(values: Sequence[Any], managers: Sequence[Any]) -> list[dict[str, Any]]:
    """What each run is told of its input; nothing is worked out for nobody."""
    return [reference_to(value) if manager.handlers else {} for value, manager in zip(values, managers, strict=True)]


def _begun(
    router: Runnable[Any, Any],
    references: Sequence[dict[str, Any]],
    configs: Sequence[RunnableConfig],
    managers: Sequence[Any],
) -> list[Any]:
    return [
        manager.on_chain_start(
            None, reference, name=own.get("run_name") or router.get_name(), run_id=own.pop("run_id", None)
        )
        for reference, own, manager in zip(references, configs, managers, strict=True)
    ]
