"""Page tokens that stay right while things are added.

A token names the last item of its page by what the listing sorts by and by its ID, not by its place, so that what is
added or deleted meanwhile neither shifts nor repeats the rest.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from classify_core.server.problems import ProblemError

T = TypeVar("T")

DEFAULT_PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 1000
"""A listing that states no limit of its own gives no more than this at once."""


@dataclass(frozen=True)
class PageRequest:
    """Which page is asked for: `size` items after `after`, the sort values of the item before it."""

    size: int
    after: tuple[str | int, ...] | None = None


@dataclass(frozen=True)
class StoredPage(Generic[T]):
    """A page, the token of the next one where there is one, and how many items all pages have."""

    items: tuple[T, ...]
    next_page_token: str | None
    total_size: int


def page_request(size: int | None, token: str | None, *, default: int = DEFAULT_PAGE_SIZE) -> PageRequest:
    """Reads a listing's `page_size` and `page_token`.

    Raises:
        ProblemError: the size is below 1, or the token is none of ours (400).
    """
    if size is not None and size < 1:
        raise ProblemError(400, "Invalid page_size; it is 1 or more")
    chosen = default if size is None else min(size, MAX_PAGE_SIZE)
    # An empty token is what some clients send for the first page.
    return PageRequest(chosen, _read_token(token) if token else None)


def token_of(*values: str | int) -> str:
    """The token of the page after the item that has these sort values."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _read_token(token: str) -> tuple[str | int, ...]:
    try:
        values = json.loads(base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)))
        # Half a character can stand in JSON, but not in the database.
        "".join(value for value in values if isinstance(value, str)).encode()
    except (ValueError, TypeError, RecursionError):
        values = None
    if not isinstance(values, list) or not values or not all(type(value) in {str, int} for value in values):
        raise ProblemError(400, "Invalid page_token; use the next_page_token of the page before")
    return tuple(values)
