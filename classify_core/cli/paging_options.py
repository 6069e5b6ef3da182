"""How much of a listing is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any, TypeVar

import typer

from classify_core.checks import checked_count
from classify_core.cli.commands import OptionGroup

Item = TypeVar("Item")


@dataclass(frozen=True)
class PagingOptions(OptionGroup):
    """Pages are what is requested; items are what is told."""

    page_size: Annotated[
        int | None, typer.Option("--page-size", help="Items a request; unless said, the service's.")
    ] = None
    page_token: Annotated[str | None, typer.Option("--page-token", metavar="TOKEN", help="Begin at this page.")] = None
    max_items: Annotated[
        int | None,
        typer.Option("--max-items", min=-1, help="Stop after so many items; unless said, or -1: all of every page."),
    ] = None

    def query(self, *, largest: int | None = None) -> dict[str, Any]:
        """The arguments of a listing of the client.

        Args:
            largest: how many items a page of it may have.

        Raises:
            InvalidOptionError: the service has no pages of that size.
        """
        if self.page_size is not None:
            checked_count("--page-size", self.page_size, maximum=largest)
        return {"page_size": self.page_size, "page_token": self.page_token}

    def limited(self, items: Iterable[Item]) -> Iterator[Item]:
        """The items that are to be told; no page is requested for the others."""
        return iter(items) if self.max_items in {None, -1} else islice(items, self.max_items)
