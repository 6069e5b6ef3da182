"""Feeds a run and takes from it: in the caller's thread, or on the caller's loop."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator, Sized
from contextlib import aclosing
from typing import TypeAlias, TypeVar

from classify_core.background import background
from classify_core.mailbox import Mailbox
from classify_core.run import Outcome, Run, Told
from classify_core.source import SourceLike, sources_of

T = TypeVar("T", bound=Outcome)

Sources: TypeAlias = Iterable[SourceLike] | AsyncIterable[SourceLike]


def drive(run: Run[T], sources: Iterable[SourceLike]) -> Iterator[tuple[int, T]]:
    """Feeds a run in the calling thread; yields outcomes as they come.

    Raises:
        UsageError: called from inside a backend, which would wait for itself for ever.
    """
    background.refuse_inside()
    told: queue.SimpleQueue[Told[T]] = queue.SimpleQueue()
    run.open(told.put)
    for index, source in enumerate(_counted(run, sources_of(sources))):
        run.begin(index, source)
        while run.is_full or not told.empty():
            yield from run.heard(told.get())
    run.end_feed()
    while run.is_open:
        yield from run.heard(told.get())


async def adrive(run: Run[T], sources: Sources) -> AsyncGenerator[tuple[int, T], None]:
    """Feeds a run on the caller's loop; yields outcomes as they come, also while the next source is awaited."""
    told: Mailbox[Told[T] | None] = Mailbox()
    run.open(told.put)
    room = asyncio.Event()
    feeding = asyncio.create_task(_feed(run, sources, room))
    feeding.add_done_callback(lambda _: told.put(None))
    try:
        while run.is_open or not feeding.done():
            news = await told.take()
            if news is None:
                feeding.result()  # an iterable that breaks ends the run with its own error
                continue
            for finished in run.heard(news):
                yield finished
            if not run.is_full:
                room.set()
        feeding.result()
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])
        _ = feeding.cancelled() or feeding.exception()  # raised above, or not of interest any more


async def _feed(run: Run[T], sources: Sources, room: asyncio.Event) -> None:
    index = 0
    async with aclosing(_each(run, sources)) as each:
        async for source in each:
            run.begin(index, source)
            index += 1
            while run.is_full:
                room.clear()
                await room.wait()
    run.end_feed()


async def _each(run: Run[T], sources: Sources) -> AsyncGenerator[SourceLike, None]:
    if isinstance(sources, AsyncIterable):
        async for source in sources:
            yield source
        return
    for source in _counted(run, sources_of(sources)):
        yield source
        await asyncio.sleep(0)  # a long list must not hold the caller's loop


def _counted(run: Run[T], sources: Iterable[SourceLike]) -> Iterable[SourceLike]:
    if isinstance(sources, Sized):
        run.expect(len(sources))
    return sources
