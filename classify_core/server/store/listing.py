"""Listings in an order of the caller's choice, whose page tokens belong to that order alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classify_core.server.problems import ProblemError
from classify_core.server.store.paging import PageRequest, StoredPage, token_of


@dataclass(frozen=True)
class Listing:
    """Which rows of a table are listed, and how they are sorted; rows that are equal in it go by their IDs.

    Attributes:
        table: its name.
        conditions: clauses with one value each; None is no condition.
        column: the column that sorts.
        descending: the largest first.
    """

    table: str
    conditions: Mapping[str, Any]
    column: str = "created_at"
    descending: bool = True

    @property
    def order(self) -> str:
        """The order as SQL, `id` included; it also tells the tokens of different listings apart."""
        direction = "DESC" if self.descending else "ASC"
        return f"{self.column} {direction}, id {direction}"


def page_of(connection: sqlite3.Connection, listing: Listing, page: PageRequest) -> StoredPage[sqlite3.Row]:
    """Returns a page of rows.

    Raises:
        ProblemError: the page token belongs to another listing or another order (400).
    """
    conditions = {clause: value for clause, value in listing.conditions.items() if value is not None}
    where, values = " AND ".join(conditions), list(conditions.values())
    count = f"SELECT COUNT(*) FROM {listing.table} WHERE {where}"  # noqa: S608 - clauses of the store, values apart
    [total] = connection.execute(count, values).fetchone()
    if page.after is not None:
        where += f" AND ({listing.column}, id) {'<' if listing.descending else '>'} (?, ?)"
        values += _cursor(listing, page.after)
    rows = connection.execute(
        f"SELECT * FROM {listing.table} WHERE {where} ORDER BY {listing.order} LIMIT ?",  # noqa: S608 - as above
        [*values, page.size + 1],
    ).fetchall()
    return StoredPage(tuple(rows[: page.size]), _token(listing, rows, page.size), total)


def _token(listing: Listing, rows: list[sqlite3.Row], size: int) -> str | None:
    if len(rows) <= size:
        return None
    last = rows[size - 1]
    return token_of(_name(listing), last[listing.column], last["id"])


def _cursor(listing: Listing, after: tuple[str | int, ...]) -> tuple[str, str]:
    match after:
        case (str(name), str(value), str(identifier)) if name == _name(listing):
            return value, identifier
    raise ProblemError(400, "Invalid page_token; it belongs to another listing or another order")


def _name(listing: Listing) -> str:
    return f"{listing.table} {listing.order}"
