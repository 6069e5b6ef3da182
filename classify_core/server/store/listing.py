"""Listings in an order of the caller's choice, whose page tokens belong to that order alone.

A page comes from SQLite as one JSON value. Rows that come one by one hand the interpreter's lock over for each, which
under load takes longer than all else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from classify_core.server.problems import ProblemError
from classify_core.server.store.paging import PageRequest, StoredPage, token_of


def json_object(fields: Mapping[str, str]) -> str:
    """SQL for one JSON object, of each field's name and the SQL for its value."""
    pairs = (f"'{name}', {value}" for name, value in fields.items())
    return f"json_object({', '.join(pairs)})"


@dataclass(frozen=True)
class Listing:
    """Which rows of a table are listed, and how they are sorted; rows that are equal in it go by their IDs.

    Attributes:
        table: its name.
        item: SQL for what is told of a row, as one JSON value.
        conditions: clauses that begin with a column, with one value each; None is no condition.
        ids: only rows with these; None is no condition.
        column: the column that sorts.
        descending: the largest first.
    """

    table: str
    item: str
    conditions: Mapping[str, Any]
    ids: Sequence[str | None] | None = None
    column: str = "created_at"
    descending: bool = True

    @property
    def order(self) -> str:
        """The order as SQL, `id` included; it also tells the tokens of different listings apart."""
        direction = "DESC" if self.descending else "ASC"
        return f"{self.column} {direction}, id {direction}"

    @property
    def clauses(self) -> dict[str, Any]:
        """The conditions that there are, `ids` among them, as SQL with one value each."""
        clauses = {clause: value for clause, value in self.conditions.items() if value is not None}
        if self.ids is None:
            return clauses
        # The plus bars the other columns' indexes: by one SQLite would look at all rows of a project, not at these few.
        # One JSON parameter, since SQLite bounds how many there may be.
        looked_up = {"id IN (SELECT value FROM json_each(?))": json.dumps(self.ids)}
        return looked_up | {f"+{clause}": value for clause, value in clauses.items()}


def page_of(connection: sqlite3.Connection, listing: Listing, page: PageRequest) -> StoredPage[dict[str, Any]]:
    """Returns a page of items.

    Raises:
        ProblemError: the page token belongs to another listing or another order (400).
    """
    clauses = listing.clauses
    where, values = " AND ".join(clauses), list(clauses.values())
    count = f"SELECT COUNT(*) FROM {listing.table} WHERE {where}"  # noqa: S608 - clauses of the store, values apart
    [total] = connection.execute(count, values).fetchone()
    if page.after is not None:
        where += f" AND ({listing.column}, id) {'<' if listing.descending else '>'} (?, ?)"
        values += _cursor(listing, page.after)
    select = (
        f"SELECT {listing.column} AS sort_value, id, {listing.item} AS item FROM {listing.table}"  # noqa: S608 - as above
        f" WHERE {where} ORDER BY {listing.order} LIMIT ?"
    )
    rows = _rows(connection, select, [*values, page.size + 1])
    token = None
    if len(rows) > page.size:
        sort_value, identifier, _ = rows[page.size - 1]
        token = token_of(_name(listing), sort_value, identifier)
    return StoredPage(tuple(item for _, _, item in rows[: page.size]), token, total)


def _rows(connection: sqlite3.Connection, select: str, values: Sequence[Any]) -> list[tuple[str, str, dict[str, Any]]]:
    query = f"SELECT json_group_array(json_array(sort_value, id, json(item))) FROM ({select})"  # noqa: S608 - as above
    [rows] = connection.execute(query, values).fetchone()
    found: list[tuple[str, str, dict[str, Any]]] = json.loads(rows)
    return found


def _cursor(listing: Listing, after: tuple[str | int, ...]) -> tuple[str, str]:
    match after:
        case (str(name), str(value), str(identifier)) if name == _name(listing):
            return value, identifier
    raise ProblemError(400, "Invalid page_token; it belongs to another listing or another order")


def _name(listing: Listing) -> str:
    return f"{listing.table} {listing.order}"
