"""A batch as so many calls, for what has no bulk call; none of them outlives the batch.

LangChain's own leave the other calls running where one fails, and where nobody waits any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_config_list

if TYPE_CHECKING:
    from langchain_classify.batches.runs import ConfigLike


class CallingEachMethods(Runnable[Any, Any]):
    """A mixin: the asynchronous batches of a runnable that states `ainvoke`."""

    async def abatch(
        self, inputs: Sequence[Any], config: ConfigLike = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[Any]:
        """What the inputs come to, in the order given; all are worked on, whatever fails."""
        called = acalled_each(self, inputs, config, return_exceptions=True, **kwargs)
        outcomes = dict([each async for each in called])
        for place in range(len(outcomes)):
            _raise_unless(outcomes[place], kept=return_exceptions)
        return [outcomes[place] for place in range(len(outcomes))]

    async def abatch_as_completed(
        self, inputs: Sequence[Any], config: ConfigLike = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        """Each input's place and outcome as it is done; who stops iterating gives up the rest."""
        called = acalled_each(self, inputs, config, return_exceptions=return_exceptions, **kwargs)
        async with aclosing(called):
            async for each in called:
                yield each


async def acalled_each(
    runnable: Runnable[Any, Any],
    inputs: Sequence[Any],
    config: ConfigLike = None,
    *,
    return_exceptions: bool = False,
    **kwargs: Any,
) -> AsyncGenerator[tuple[int, Any], None]:
    """The same of any runnable; what is not done when it is closed is cancelled, and has ended then."""
    if not inputs:
        return
    configs: list[RunnableConfig] = get_config_list(config, len(inputs))
    gate = asyncio.Semaphore(configs[0].get("max_concurrency") or len(inputs))

    async def call(place: int) -> tuple[int, Any]:
        async with gate:
            try:
                return place, await runnable.ainvoke(inputs[place], configs[place], **kwargs)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this input's outcome
                return place, error

    calls = [asyncio.create_task(call(place)) for place in range(len(inputs))]
    try:
        for done in asyncio.as_completed(calls):
            place, outcome = await done
            _raise_unless(outcome, kept=return_exceptions)
            yield place, outcome
    finally:
        for each in calls:
            each.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


def _raise_unless(outcome: Any, *, kept: bool) -> None:
    if isinstance(outcome, Exception) and not kept:
        raise outcome
