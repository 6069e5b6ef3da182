"""Listings: a page knows its items and its successor, and iteration is built on those two."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from pydantic import BaseModel

from classify_core.api.call import Call
from classify_core.errors import InvalidResponseError
from classify_core.models import Page

Item = TypeVar("Item", bound=BaseModel)


class Successor(Generic[Item]):
    """Finds the call for the page after a page."""

    def __init__(self, first: Call[Page[Item]]) -> None:
        self._first = first
        self._seen = {first.params.get("page_token")}

    def after(self, page: Page[Item]) -> Call[Page[Item]] | None:
        """Returns the call for the next page; None after the last.

        Raises:
            InvalidResponseError: the service leads in a circle.
        """
        token = page.next_page_token
        if not token:
            return None
        if token in self._seen:
            raise InvalidResponseError(
                f"{self._first.name} gave the same page token twice, so its list would never end; "
                "report it to the service's support"
            )
        self._seen.add(token)
        return replace(self._first, params={**self._first.params, "page_token": token})


class Listing(Generic[Item]):
    """The items of all pages, fetched page by page as they are asked for; each iteration begins anew."""

    def __init__(self, first: Call[Page[Item]], fetch: Callable[[Call[Page[Item]]], Page[Item]]) -> None:
        self._first = first
        self._fetch = fetch

    def __iter__(self) -> Iterator[Item]:
        for page in self.pages():
            yield from page.items

    def pages(self) -> Iterator[Page[Item]]:
        """Iterates the pages."""
        successor = Successor(self._first)
        call: Call[Page[Item]] | None = self._first
        while call is not None:
            page = self._fetch(call)
            yield page
            call = successor.after(page)

    def __repr__(self) -> str:
        return f"<Listing of {self._first.name}>"


class AsyncListing(Generic[Item]):
    """The same for `async for`."""

    def __init__(self, first: Call[Page[Item]], fetch: Callable[[Call[Page[Item]]], Awaitable[Page[Item]]]) -> None:
        self._first = first
        self._fetch = fetch

    async def __aiter__(self) -> AsyncIterator[Item]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def pages(self) -> AsyncIterator[Page[Item]]:
        """Iterates the pages."""
        successor = Successor(self._first)
        call: Call[Page[Item]] | None = self._first
        while call is not None:
            page = await self._fetch(call)
            yield page
            call = successor.after(page)

    def __repr__(self) -> str:
        return f"<AsyncListing of {self._first.name}>"
