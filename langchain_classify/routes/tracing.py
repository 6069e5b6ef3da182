"""The router's own run: it tells what was routed by a reference and which route was taken, never a text."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
from langchain_core.documents import Document
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    patch_config,
)

from classify_core.classification import Classification
from classify_core.errors import InvalidOptionError
from langchain_classify.references import MAX_TRACED, references_to, source_of

CLASSIFY_NAME: Final = "classify"
"""The name of the run that classifies, within the router's."""


@dataclass(slots=True)
class RouterRun:
    """The run of one input.

    Attributes:
        config: as it was given.
        manager: of the run's callbacks.
        route: the name of the route taken, once it is known.
    """

    config: RunnableConfig
    manager: CallbackManagerForChainRun | AsyncCallbackManagerForChainRun
    route: str | None = None

    @property
    def outcome(self) -> dict[str, Any]:
        """What the run tells at its end; what the branch gave is told by the branch's own run."""
        return {"route": self.route}

    def classifying(self) -> RunnableConfig:
        """The config of what classifies."""
        return patch_config(self.config, callbacks=self.manager.get_child(), run_name=CLASSIFY_NAME)

    def branching(self, route: str) -> RunnableConfig:
        """Notes the route; the config of its branch, whose run bears the route as a tag."""
        self.route = route
        return patch_config(self.config, callbacks=self.manager.get_child(f"route:{route}"))


@contextmanager
def router_run(router: Runnable[Any, Any], value: Any, config: RunnableConfig | None) -> Iterator[RouterRun]:
    """The run around the routing of one value; one whose reader stops early has ended well."""
    own = ensure_config(config)
    manager = get_callback_manager_for_config(own).on_chain_start(
        None, reference_to(value), name=own.get("run_name") or router.get_name(), run_id=own.pop("run_id", None)
    )
    run = RouterRun(own, manager)
    try:
        yield run
    except GeneratorExit:
        manager.on_chain_end(run.outcome)
        raise
    except BaseException as error:
        manager.on_chain_error(error)
        raise
    manager.on_chain_end(run.outcome)


@asynccontextmanager
async def arouter_run(
    router: Runnable[Any, Any], value: Any, config: RunnableConfig | None
) -> AsyncIterator[RouterRun]:
    """The same on an event loop."""
    own = ensure_config(config)
    manager = await get_async_callback_manager_for_config(own).on_chain_start(
        None, reference_to(value), name=own.get("run_name") or router.get_name(), run_id=own.pop("run_id", None)
    )
    run = RouterRun(own, manager)
    try:
        yield run
    except GeneratorExit:
        await manager.on_chain_end(run.outcome)
        raise
    except BaseException as error:
        await manager.on_chain_error(error)
        raise
    await manager.on_chain_end(run.outcome)


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
