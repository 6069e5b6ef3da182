"""Runs a client of either face from a scenario, which is written without `await`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

Face = Literal["sync", "async"]

_END = object()


class Bridge:
    """An event loop of its own for an async client, and nothing at all for a sync one."""

    def __init__(self, face: Face) -> None:
        self.is_async = face == "async"
        self._runner = asyncio.Runner()

    def done(self, value: Any) -> Any:
        """What a method gives, awaited where it is to be."""
        return self._runner.run(_awaited(value)) if inspect.isawaitable(value) else value

    def each(self, listing: Iterable[Any] | AsyncIterable[Any]) -> Iterator[Any]:
        """The items of a listing, asked for one by one."""
        if not isinstance(listing, AsyncIterable):
            yield from listing
            return
        iterator = aiter(listing)
        while (item := self._runner.run(_awaited(anext(iterator, _END)))) is not _END:
            yield item

    def together(self, calls: Sequence[Callable[[], Any]]) -> list[Any]:
        """What all calls give, made at once: in threads, or as tasks of one loop."""
        if self.is_async:
            return self._runner.run(_gathered(calls))
        with ThreadPoolExecutor(max_workers=len(calls)) as pool:
            return list(pool.map(lambda call: call(), calls))

    def close(self) -> None:
        self._runner.close()


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


async def _gathered(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    return list(await asyncio.gather(*(call() for call in calls)))
