from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import TypeVar

import pytest

from classify_core.grouping import Item
from classify_core.windows import abatches, awindows, awindows_of_lists, batches, in_threads, windows, windows_of_lists

T = TypeVar("T")


def pages(*files: tuple[str, int]) -> list[Item]:
    return [
        Item(f"{file}{page}", {"file_path": file, "page_label": str(page)})
        for file, count in files
        for page in range(count)
    ]


def as_they_are(items: list[Item]) -> Sequence[Item]:
    return items


async def asynchronous(values: Iterable[T]) -> AsyncIterator[T]:
    for value in values:
        yield value


def broken() -> Iterator[int]:
    yield from (1, 2, 3)
    raise KeyError


def test_batches_hold_what_came_before_an_error() -> None:
    given: list[list[int]] = []
    with pytest.raises(KeyError):
        given.extend(batches(broken(), 2))
    assert given == [[1, 2], [3]]


async def test_awaited_batches_hold_what_came_before_an_error() -> None:
    given: list[list[int]] = []
    with pytest.raises(KeyError):
        async for batch in abatches(asynchronous(broken()), 2):
            given.append(batch)  # noqa: PERF401 - what was given before the error counts
    assert given == [[1, 2], [3]]


async def test_no_document_is_cut_in_two() -> None:
    given = pages(("a", 5), ("b", 1), ("c", 9), ("d", 2))
    cut = list(windows(given, as_they_are, "auto", size=3))
    assert [page for window in cut for page in window] == given
    assert len(cut) > 1
    assert sum(len({page.metadata["file_path"] for page in window}) for window in cut) == 4
    assert [window async for window in awindows(asynchronous(given), as_they_are, "auto", size=3)] == cut


async def test_what_came_before_an_error_is_given_before_it() -> None:
    def failing() -> Iterator[Item]:
        yield from pages(("a", 2), ("b", 3))
        raise KeyError

    given: list[Item] = []
    with pytest.raises(KeyError):
        for window in windows(failing(), as_they_are, "auto", size=2):
            given += window
    assert given == pages(("a", 2), ("b", 3))
    awaited: list[Item] = []
    with pytest.raises(KeyError):
        async for window in awindows(asynchronous(failing()), as_they_are, "auto", size=2):
            awaited += window
    assert awaited == given


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_what_ends_within_a_window_is_one_window(count: int) -> None:
    given = pages(("a", 2), ("b", 2))[:count]
    assert list(windows(given, as_they_are, "auto", size=5)) == [given]
    assert [window async for window in awindows(asynchronous(given), as_they_are, "auto", size=5)] == [given]


def test_files_of_many_pages_are_worked_on_as_many_at_a_time_as_others() -> None:
    given = pages(*((f"file{number}", 30) for number in range(100)))
    documents = [len({page.metadata["file_path"] for page in window}) for window in windows(given, as_they_are, "auto")]
    assert documents[0] >= 31
    assert len(documents) <= 4


def test_a_window_does_not_grow_without_end_where_documents_have_very_many_pages() -> None:
    given = pages(*((f"file{number}", 1500) for number in range(4)))
    assert [len(window) for window in windows(given, as_they_are, "auto")] == [1500, 1500, 1500, 1500]


def test_a_long_document_is_not_looked_at_again_with_each_window() -> None:
    looked_at = 0

    def counted(items: list[Item]) -> Sequence[Item]:
        nonlocal looked_at
        looked_at += len(items)
        return items

    given = pages(("a", 3000), ("b", 40))
    assert [len(window) for window in windows(given, counted, "auto")] == [3000, 40]
    assert looked_at < 2 * len(given)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_pages_that_are_mixed_stay_together_as_far_as_they_are_in_hand(size: int) -> None:
    a, b, c = pages(("a", 3)), pages(("b", 3)), pages(("c", 4))
    given = [a[0], b[0], a[1], b[1], a[2], b[2], *c]
    cut = list(windows(given, as_they_are, "auto", size=size))
    assert [page for window in cut for page in window] == given
    assert sum(1 for window in cut if any(page in c for page in window)) == 1


def windows_of(lists: Iterable[list[Item]]) -> list[list[Item]]:
    """The windows of a stream of lists, which are the same synchronously and asynchronously."""
    given = list(lists)
    found = list(windows_of_lists(given, as_they_are, "auto", size=3))

    async def awaited() -> list[list[Item]]:
        return [window async for window in awindows_of_lists(asynchronous(given), as_they_are, "auto", size=3)]

    assert asyncio.run(awaited()) == found
    return found


def test_a_list_that_comes_alone_is_one_window_also_where_its_pages_are_mixed() -> None:
    a, b = pages(("a", 4)), pages(("b", 4))
    mixed = [page for pair in zip(a, b, strict=True) for page in pair]
    assert windows_of([mixed]) == [mixed]


def test_lists_that_follow_one_another_are_cut_where_documents_end() -> None:
    given = pages(("a", 3), ("b", 4), ("c", 2))
    cut = windows_of([given[:2], given[2:5], given[5:]])
    assert [page for window in cut for page in window] == given
    assert sum(len({page.metadata["file_path"] for page in window}) for window in cut) == 3
    assert len(cut) > 1


def test_a_stream_without_lists_is_one_empty_window() -> None:
    assert windows_of([]) == [[]]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
async def test_the_lists_before_an_error_are_given_before_it(count: int) -> None:
    given = pages(("a", 1), ("b", 1), ("c", 1))[:count]

    def failing() -> Iterator[list[Item]]:
        yield from ([page] for page in given)
        raise KeyError

    found: list[Item] = []
    with pytest.raises(KeyError):
        for window in windows_of_lists(failing(), as_they_are, "auto"):
            found += window
    awaited: list[Item] = []
    with pytest.raises(KeyError):
        async for window in awindows_of_lists(asynchronous(failing()), as_they_are, "auto"):
            awaited += window
    assert found == awaited == given


class Counted:
    """Values without end; whether they were ended, and where they were made."""

    def __init__(self) -> None:
        self.is_ended = False
        self.threads = set[int]()

    def values(self) -> Generator[Item, None, None]:
        try:
            while True:
                self.threads.add(threading.get_ident())
                yield Item("text", {})
        finally:
            self.is_ended = True

    async def avalues(self) -> AsyncIterator[Item]:
        try:
            while True:
                yield Item("text", {})
        finally:
            self.is_ended = True


async def test_who_breaks_off_ends_what_is_iterated() -> None:
    counted = [Counted() for _ in range(4)]
    kept = [counted[0].values(), counted[1].avalues(), counted[2].avalues(), counted[3].values()]
    cut = windows(kept[0], as_they_are, None)
    next(cut)
    cut.close()
    for awaited in (
        awindows(kept[1], as_they_are, None),
        awindows_of_lists(abatches(kept[2], 1), as_they_are, None),
        in_threads(kept[3]),
    ):
        await anext(awaited)
        await awaited.aclose()
    assert [each.is_ended for each in counted] == [True] * 4


async def test_what_works_while_it_is_iterated_does_so_in_threads_that_see_the_context() -> None:
    number = ContextVar("number", default=0)
    number.set(7)
    seen, threads = list[int](), set[int]()

    def working() -> Generator[int, None, None]:
        for each in range(3):
            threads.add(threading.get_ident())
            seen.append(number.get())
            yield each

    assert [value async for value in in_threads(working())] == [0, 1, 2]
    assert seen == [7, 7, 7]
    assert threading.get_ident() not in threads


async def test_an_error_of_a_generator_in_threads_is_raised_where_it_is_awaited() -> None:
    with pytest.raises(KeyError):
        [value async for value in in_threads(batches(broken(), 2))]
