"""Lazy loading in windows: a few documents at a time, none of them cut in two, none lost to an error behind it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from classify_core.grouping import GroupBy, grouped
from llama_index_classify.nodes import items_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llama_index.core.schema import Document

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


def document_windows(
    documents: Iterable[Document], group_by: GroupBy, *, file: str | None = None, size: int = WINDOW
) -> Iterator[list[Document]]:
    """The documents in windows of about `size`; what belongs together and follows one another stays together."""
    held: list[Document] = []
    firsts: list[int] = []  # one place of each group in hand: all of them again would be quadratic work in a long one
    errors: list[Exception] = []
    for batch in batches(_up_to_an_error(documents, errors), size):
        held += batch
        places = [*firsts, *range(len(held) - len(batch), len(held))]
        groups = grouped(items_of([held[place] for place in places], file=file), group_by)
        # Where the document begins that the last one belongs to, more of which may still come.
        cut = next(places[min(group)] for group in groups if len(places) - 1 in group)
        firsts = [places[min(group)] - cut for group in groups if places[min(group)] >= cut]
        if cut > 0:
            yield held[:cut]
            held = held[cut:]
    if held:
        yield held
    if errors:
        raise errors[0]


def _up_to_an_error(values: Iterable[T], errors: list[Exception]) -> Iterator[T]:
    """The values; what they raise is kept for later."""
    try:
        yield from values
    except Exception as error:  # noqa: BLE001 - it is raised once what came before it is done
        errors.append(error)
