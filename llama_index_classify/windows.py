"""Lazy loading in windows: a few documents at a time, none of them cut in two."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from classify_core.grouping import GroupBy, Item, grouped
from llama_index_classify.nodes import items_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llama_index.core.schema import Document

T = TypeVar("T")

WINDOW: Final = 32


def batches(values: Iterable[T], size: int = WINDOW) -> Iterator[list[T]]:
    """The values, so many at a time."""
    remaining = iter(values)
    while batch := list(islice(remaining, size)):
        yield batch


def document_windows(
    documents: Iterable[Document], group_by: GroupBy, *, file: str | None = None, size: int = WINDOW
) -> Iterator[list[Document]]:
    """The documents in windows of about `size`; what belongs together and follows one another stays together."""
    held: list[Document] = []
    for batch in batches(documents, size):
        held += batch
        cut = _start_of_last(items_of(held, file=file), group_by)
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held


def _start_of_last(items: list[Item], group_by: GroupBy) -> int:
    """Where the document begins that the last one belongs to, more of which may still come."""
    last = len(items) - 1
    return next(min(indices) for indices in grouped(items, group_by) if last in indices)
