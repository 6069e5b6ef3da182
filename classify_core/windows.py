"""Lazy work in windows: a few values at a time, no document cut in two, none lost to an error behind it."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from classify_core.grouping import GroupBy, Item, grouped

T = TypeVar("T")

WINDOW: Final = 32


def batches(values: Iterable[T], size: int = WINDOW) -> Iterator[list[T]]:
    """The values, so many at a time; what they raise is raised behind the values that came before it."""
    errors: list[Exception] = []
    remaining = _up_to_an_error(values, errors)
    while batch := list(islice(remaining, size)):
        yield batch
    if errors:
        raise errors[0]


async def abatches(values: AsyncIterable[T], size: int = WINDOW) -> AsyncIterator[list[T]]:
    """The same of an asynchronous iterable."""
    errors: list[Exception] = []
    batch: list[T] = []
    async for value in _aup_to_an_error(values, errors):
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
) -> Iterator[list[T]]:
    """The values in windows of about `size`; what belongs to one document and follows one another stays together.

    Args:
        values: what a framework hands over.
        items_of: the values as items, one each.
        group_by: what one document is.
        size: values at a time; a longer document is a longer window.
    """
    cutter = _Cutter(items_of, group_by)
    errors: list[Exception] = []
    for batch in batches(_up_to_an_error(values, errors), size):
        if complete := cutter.complete(batch):
            yield complete
    if cutter.held:
        yield cutter.held
    if errors:
        raise errors[0]


async def awindows(
    values: AsyncIterable[T], items_of: Callable[[list[T]], Sequence[Item]], group_by: GroupBy, *, size: int = WINDOW
) -> AsyncIterator[list[T]]:
    """The same of an asynchronous iterable."""
    cutter = _Cutter(items_of, group_by)
    errors: list[Exception] = []
    async for batch in abatches(_aup_to_an_error(values, errors), size):
        if complete := cutter.complete(batch):
            yield complete
    if cutter.held:
        yield cutter.held
    if errors:
        raise errors[0]


class _Cutter(Generic[T]):
    """Holds back the last document of what came so far, since more of it may follow.

    Attributes:
        held: what is held back.
    """

    def __init__(self, items_of: Callable[[list[T]], Sequence[Item]], group_by: GroupBy) -> None:
        self.held: list[T] = []
        self._items_of = items_of
        self._group_by = group_by
        # One place of each group in hand: all of them again with each batch would be quadratic work in a long document.
        self._firsts: list[int] = []

    def complete(self, batch: Sequence[T]) -> list[T]:
        """Takes more values, and gives those before the document that the last one belongs to."""
        self.held += batch
        places = [*self._firsts, *range(len(self.held) - len(batch), len(self.held))]
        groups = grouped(self._items_of([self.held[place] for place in places]), self._group_by)
        cut = next(places[min(group)] for group in groups if len(places) - 1 in group)
        self._firsts = [places[min(group)] - cut for group in groups if places[min(group)] >= cut]
        complete, self.held = self.held[:cut], self.held[cut:]
        return complete


def _up_to_an_error(values: Iterable[T], errors: list[Exception]) -> Iterator[T]:
    """The values; what they raise is kept for later."""
    try:
        yield from values
    except Exception as error:  # noqa: BLE001 - it is raised once what came before it is done
        errors.append(error)


async def _aup_to_an_error(values: AsyncIterable[T], errors: list[Exception]) -> AsyncIterator[T]:
    try:
        async for value in values:
            yield value
    except Exception as error:  # noqa: BLE001 - it is raised once what came before it is done
        errors.append(error)
