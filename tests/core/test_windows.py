from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TypeVar

import pytest

from classify_core.grouping import Item
from classify_core.windows import abatches, awindows, batches, windows

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


def test_a_long_document_is_not_looked_at_again_with_each_window() -> None:
    looked_at = 0

    def counted(items: list[Item]) -> Sequence[Item]:
        nonlocal looked_at
        looked_at += len(items)
        return items

    given = pages(("a", 3000), ("b", 1))
    assert [len(window) for window in windows(given, counted, "auto")] == [3000, 1]
    assert looked_at < 2 * len(given)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_pages_that_are_mixed_stay_together_as_far_as_they_are_in_hand(size: int) -> None:
    a, b, c = pages(("a", 3)), pages(("b", 3)), pages(("c", 4))
    given = [a[0], b[0], a[1], b[1], a[2], b[2], *c]
    cut = list(windows(given, as_they_are, "auto", size=size))
    assert [page for window in cut for page in window] == given
    assert sum(1 for window in cut if any(page in c for page in window)) == 1
