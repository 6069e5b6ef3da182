"""Lazy work in windows: a few values at a time, no document cut in two, none lost to an error behind it.

Who breaks off ends what was iterated too, a generator of the caller's included.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from contextvars import copy_context
from itertools import chain, islice
from typing import Final, Generic, TypeVar

from classify_core.background import in_thread
from classify_core.grouping import GroupBy, Item, grouped
from classify_core.labels import Labelled, Labelling

T = TypeVar("T")

WINDOW: Final = 32
"""Documents at a time."""
_MOST_VALUES: Final = 64
"""Times the window: so many pages of documents end it, however few documents they are."""


def batches(values: Iterable[T], size: int = WINDOW) -> Generator[list[T], None, None]:
    """The values, so many at a time; what they raise is raised behind the values that came before it."""
    errors: list[Exception] = []
    remaining = _up_to_an_error(values, errors)
    while batch := list(islice(remaining, size)):
        yield batch
    if errors:
        raise errors[0]


async def abatches(values: AsyncIterable[T], size: int = WINDOW) -> AsyncGenerator[list[T], None]:
    """The same of an asynchronous iterable."""
    errors: list[Exception] = []
    batch: list[T] = []
    async with aclosing(_aup_to_an_error(values, errors)) as remaining:
        async for value in remaining:
            batch.append(value)
            if len(batch) == size:
                yield batch
                batch = []
    if batch:
        yield batch
    if errors:
        raise errors[0]


def windows(
    values: Iterable[T], items_of: Callable[[list[T]], Sequence[Item]], group_by: GroupBy, *, size: int = WINDOW
) -> Generator[list[T], None, None]:
    """The values of about `size` documents at a time; what belongs to one and follows one another stays together.

    Args:
        values: what a framework hands over.
        items_of: the values as items, one each.
        group_by: what one document is.
        size: documents at a time, so that as many are classified at once however many pages they have.
    """
    cutter = _Cutter(items_of, group_by, size)
    errors: list[Exception] = []
    for batch in batches(_up_to_an_error(values, errors), size):
        if len(batch) < size:
            cutter.held += batch  # nothing follows it
        elif complete := cutter.complete(batch):
            yield complete
    if cutter.held:
        yield cutter.held
    if errors:
        raise errors[0]


async def awindows(
    values: AsyncIterable[T], items_of: Callable[[list[T]], Sequence[Item]], group_by: GroupBy, *, size: int = WINDOW
) -> AsyncGenerator[list[T], None]:
    """The same of an asynchronous iterable."""
    cutter = _Cutter(items_of, group_by, size)
    errors: list[Exception] = []
    async with aclosing(abatches(_aup_to_an_error(values, errors), size)) as given:
        async for batch in given:
            if len(batch) < size:
                cutter.held += batch
            elif complete := cutter.complete(batch):
                yield complete
    if cutter.held:
        yield cutter.held
    if errors:
        raise errors[0]


def windows_of_lists(
    lists: Iterable[list[T]], items_of: Callable[[list[T]], Sequence[Item]], group_by: GroupBy, *, size: int = WINDOW
) -> Generator[list[T], None, None]:
    """The values of a stream of lists in windows; a list that comes alone is one window, however long it is.

    Args:
        lists: none of them empty; a stream without any is one empty window.
        items_of: the values as items, one each.
        group_by: what one document is.
        size: documents at a time.
    """
    errors: list[Exception] = []
    remaining = _up_to_an_error(lists, errors)
    begun = list(islice(remaining, 2))
    if len(begun) > 1:
        values = chain.from_iterable(chain(begun, remaining))
        yield from windows(values, items_of, group_by, size=size)
    elif begun or not errors:
        yield begun[0] if begun else []
    if errors:
        raise errors[0]


async def awindows_of_lists(
    lists: AsyncIterable[list[T]],
    items_of: Callable[[list[T]], Sequence[Item]],
    group_by: GroupBy,
    *,
    size: int = WINDOW,
) -> AsyncGenerator[list[T], None]:
    """The same of an asynchronous stream."""
    errors: list[Exception] = []
    async with aclosing(_aup_to_an_error(lists, errors)) as remaining:
        begun = [each async for each in _afirst(2, remaining)]
        if len(begun) > 1:
            async with aclosing(awindows(_aflat(begun, remaining), items_of, group_by, size=size)) as cut:
                async for window in cut:
                    yield window
        elif begun or not errors:
            yield begun[0] if begun else []
    if errors:
        raise errors[0]


async def in_threads(values: Generator[T, None, None]) -> AsyncGenerator[T, None]:
    """What a generator yields, each value fetched in a thread, so that its work never holds up the running loop.

    The threads see the caller's context variables. One that is given up on ends by itself, and the generator with it.
    """
    context, end = copy_context(), object()
    try:
        while (value := await in_thread(context.run, next, values, end)) is not end:
            yield value
    except GeneratorExit:
        await in_thread(context.run, values.close)
        raise


def before_failure(labelling: Labelling) -> list[Labelled]:
    """The items that remain; where a failure is to be raised behind them, those before the first that failed."""
    if labelling.error is None:
        return labelling.labelled
    failed = min((index for one in labelling.failed for index in one.indices), default=0)
    return [one for one in labelling.labelled if one.index < failed]


@asynccontextmanager
async def ending(values: AsyncIterable[object]) -> AsyncGenerator[None, None]:
    """Ends a generator with who iterates over it, as `yield from` does where nothing is awaited."""
    try:
        yield
    finally:
        if isinstance(values, AsyncGenerator):
            await values.aclose()


class _Cutter(Generic[T]):
    """Holds back the last document of what came so far, since more of it may follow.

    Attributes:
        held: what is held back.
    """

    def __init__(self, items_of: Callable[[list[T]], Sequence[Item]], group_by: GroupBy, size: int) -> None:
        self.held: list[T] = []
        self._items_of = items_of
        self._group_by = group_by
        self._size = size
        # One place of each group in hand: all of them again with each batch would be quadratic work in a long document.
        self._firsts: list[int] = []

    def complete(self, batch: Sequence[T]) -> list[T]:
        """Takes more values; once there are enough, gives those before the document that the last one belongs to."""
        self.held += batch
        places = [*self._firsts, *range(len(self.held) - len(batch), len(self.held))]
        groups = grouped(self._items_of([self.held[place] for place in places]), self._group_by)
        if len(groups) < self._size and len(self.held) < self._size * _MOST_VALUES:
            self._firsts = sorted(places[min(group)] for group in groups)
            return []
        cut = next(places[min(group)] for group in groups if len(places) - 1 in group)
        self._firsts = [places[min(group)] - cut for group in groups if places[min(group)] >= cut]
        complete, self.held = self.held[:cut], self.held[cut:]
        return complete


def _up_to_an_error(values: Iterable[T], errors: list[Exception]) -> Generator[T, None, None]:
    """The values; what they raise is kept for later."""
    try:
        yield from values
    except Exception as error:  # noqa: BLE001 - it is raised once what came before it is done
        errors.append(error)


async def _aup_to_an_error(values: AsyncIterable[T], errors: list[Exception]) -> AsyncGenerator[T, None]:
    try:
        async with ending(values):
            async for value in values:
                yield value
    except Exception as error:  # noqa: BLE001 - it is raised once what came before it is done
        errors.append(error)


async def _afirst(count: int, values: AsyncGenerator[T, None]) -> AsyncGenerator[T, None]:
    """So many values at most; the generator goes on behind them."""
    for _ in range(count):
        try:
            value = await anext(values)
        except StopAsyncIteration:
            return
        yield value


async def _aflat(begun: Iterable[Iterable[T]], remaining: AsyncIterable[Iterable[T]]) -> AsyncGenerator[T, None]:
    for each in begun:
        for value in each:
            yield value
    async for each in remaining:
        for value in each:
            yield value
