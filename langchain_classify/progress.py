"""Progress as custom events of LangChain, for the callback handlers of the run that a call belongs to.

Without a run (`transformer.transform_documents` outside of a chain, say) there is nobody to tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, TypeAlias

from langchain_core.callbacks import adispatch_custom_event, dispatch_custom_event
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)

if TYPE_CHECKING:
    from langchain_core.callbacks import BaseCallbackManager

    from classify_core.progress import ProgressCallback, ProgressEvent

EVENT_NAME: Final = "classify_progress"

Configs: TypeAlias = RunnableConfig | Sequence[RunnableConfig] | None
"""The config within a call's run, or each document's in the order of the call; None is that of the running context."""


def dispatched_progress(config: Configs = None) -> ProgressCallback | None:
    """A callback that tells the handlers of a run, or of each document's own run, at once.

    Returns:
        The callback, to be called in the thread of the run; None where nobody listens.
    """
    listening = _listening(config, get_callback_manager_for_config)
    if listening is None:
        return None

    def dispatch(event: ProgressEvent) -> None:
        own = _of_document(listening, event)
        if own is not None:
            dispatch_custom_event(EVENT_NAME, event.as_data(), config=own)

    return dispatch


@asynccontextmanager
async def adispatched_progress(config: Configs = None) -> AsyncIterator[ProgressCallback | None]:
    """The same for a run on an event loop, whose handlers may be asynchronous.

    They are told in order, beside the call, and have heard everything when the context ends; a cancelled call does not
    wait for them. What a handler with `raise_error` raises ends the call at its next event, or at its end.
    """
    listening = _listening(config, get_async_callback_manager_for_config)
    if listening is None:
        yield None
        return
    events: asyncio.Queue[ProgressEvent | None] = asyncio.Queue()
    telling = asyncio.create_task(_tell(events, listening))

    def dispatch(event: ProgressEvent) -> None:
        if telling.done():
            telling.result()  # raises
        events.put_nowait(event)

    try:
        yield dispatch
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError):
            telling.cancel()
        events.put_nowait(None)
        await asyncio.gather(telling, return_exceptions=True)  # what ended the call is told, not what came of it
        raise
    events.put_nowait(None)
    await telling


async def _tell(events: asyncio.Queue[ProgressEvent | None], listening: Sequence[RunnableConfig | None]) -> None:
    while (event := await events.get()) is not None:
        own = _of_document(listening, event)
        if own is not None:
            await adispatch_custom_event(EVENT_NAME, event.as_data(), config=own)


def _listening(
    config: Configs, manager_of: Callable[[RunnableConfig], BaseCallbackManager]
) -> list[RunnableConfig | None] | None:
    """The configs, None in place of one that has no run or no handlers; None where all are such."""
    given = [config] if config is None or isinstance(config, Mapping) else config
    configs = [ensure_config(each) for each in given]
    listening = [each if _is_heard(manager_of(each)) else None for each in configs]
    return listening if any(each is not None for each in listening) else None


def _is_heard(manager: BaseCallbackManager) -> bool:
    return manager.parent_run_id is not None and bool(manager.handlers)


def _of_document(listening: Sequence[RunnableConfig | None], event: ProgressEvent) -> RunnableConfig | None:
    return listening[0] if len(listening) == 1 else listening[event.index]
