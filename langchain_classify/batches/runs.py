"""The runs of a batch, as callback handlers see them: one for each input, ended as soon as that input is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import (
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
    get_config_list,
    patch_config,
)

from classify_core.background import in_thread
from classify_core.errors import RunStoppedError

if TYPE_CHECKING:
    from langchain_core.callbacks import AsyncCallbackManagerForChainRun, CallbackManagerForChainRun
    from langchain_core.runnables import Runnable

    from langchain_classify.batches.batch import Batch

ConfigLike: TypeAlias = RunnableConfig | Sequence[RunnableConfig] | None
"""One config for all inputs, or each input's own."""

Manager = TypeVar("Manager", bound="CallbackManagerForChainRun | AsyncCallbackManagerForChainRun")


class Runs(Generic[Manager]):
    """The runs that are open.

    Args:
        configs: each input's own.
        managers: each input's run, by its place; none where nobody listens.
    """

    def __init__(self, configs: list[RunnableConfig], managers: dict[int, Manager]) -> None:
        self._configs = configs
        self._managers = managers
        self._open = dict(managers)

    @property
    def are_heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._managers)

    @property
    def max_concurrency(self) -> int | None:
        """How many documents the config allows at once; None leaves it to backend and plan."""
        return self._configs[0].get("max_concurrency")

    def config_within(self, place: int, tag: str | None = None) -> RunnableConfig:
        """The config for what is run within an input's run, with a tag of its own."""
        manager = self._managers.get(place)
        return patch_config(self._configs[place], callbacks=None if manager is None else manager.get_child(tag))

    @property
    def configs_within(self) -> list[RunnableConfig]:
        """The same, for all inputs."""
        return [self.config_within(place) for place in range(len(self._configs))]

    def ended(self, place: int, outcome: Any) -> Any:
        """Ends an input's run, if it is open; what an asynchronous one returns is to be awaited."""
        manager = self._open.pop(place, None)
        if manager is None:
            return None
        return manager.on_chain_error(outcome) if isinstance(outcome, BaseException) else manager.on_chain_end(outcome)

    def all_ended(self, cause: BaseException) -> list[Any]:
        """Ends the runs that are open, because the batch ended before them."""
        stopped = RunStoppedError("the batch ended before this document was done")
        stopped.__cause__ = cause
        return [self.ended(place, stopped) for place in list(self._open)]


@contextmanager
def open_runs(runnable: Runnable[Any, Any], batch: Batch, config: ConfigLike) -> Iterator[Runs[Any]]:
    """Begins a run for each input; what is open when the context ends is ended with an error."""
    configs, managers = _heard(config, len(batch), get_callback_manager_for_config)
    # References are hashes of the texts: made for nobody, they would only take time.
    references = batch.references if managers else []
    runs = Runs(configs, dict(zip(managers, _begun(runnable, references, configs, managers), strict=True)))
    try:
        yield runs
    except BaseException as error:
        runs.all_ended(error)
        raise


@asynccontextmanager
async def aopen_runs(runnable: Runnable[Any, Any], batch: Batch, config: ConfigLike) -> AsyncIterator[Runs[Any]]:
    """The same for asynchronous handlers."""
    configs, managers = _heard(config, len(batch), get_async_callback_manager_for_config)
    references = await in_thread(getattr, batch, "references") if managers else []
    begun = await asyncio.gather(*_begun(runnable, references, configs, managers))
    runs = Runs(configs, dict(zip(managers, begun, strict=True)))
    try:
        yield runs
    except BaseException as error:
        await asyncio.gather(*runs.all_ended(error))
        raise


def _heard(
    config: ConfigLike, count: int, manager_of: Callable[[RunnableConfig], Any]
) -> tuple[list[RunnableConfig], dict[int, Any]]:
    """Each input's config, and the callback managers of those inputs that anybody listens to."""
    configs = get_config_list(cast("Any", config), count)
    # One config makes equal managers; making a thousand takes longer than classifying a thousand short texts.
    managers = (
        [manager_of(each) for each in configs] if isinstance(config, Sequence) else [manager_of(configs[0])] * count
    )
    return configs, {place: manager for place, manager in enumerate(managers) if manager.handlers}


def _begun(
    runnable: Runnable[Any, Any],
    references: list[dict[str, Any]],
    configs: list[RunnableConfig],
    managers: dict[int, Any],
) -> list[Any]:
    return [
        manager.on_chain_start(
            None,
            references[place],
            name=configs[place].get("run_name") or runnable.get_name(),
            run_id=configs[place].pop("run_id", None),
        )
        for place, manager in managers.items()
    ]
