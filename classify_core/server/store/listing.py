"""Listings in an order of the caller's choice, whose page tokens belong to that order alone.

A page comes from SQLite as one JSON value. Rows that come one by one hand the interpreter's lock over for each, which
under load takes longer than all else.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from classify_core.server.problems import ProblemError
from classify_core.server.store.paging import PageRequest, StoredPage, token_of


def json_object(fields: Mapping[str, str]) -> str:
    """SQL for one JSON object, of each field's name and the SQL for its value."""
    pairs = (f"'{name}', {value}" for name, value in fields.items())
    return f"json_object({', '.join(pairs)})"


class SortColumn(NamedTuple):
    """A column that sorts; `descending` is the largest first."""

    name: str
    descending: bool

    def __str__(self) -> str:
        return f"{self.name} {'DESC' if self.descending else 'ASC'}"


NEWEST_FIRST: Final = (SortColumn("created_at", descending=True),)


@dataclass(frozen=True)
class Listing:
    """Which rows of a table are listed, and how they are sorted; rows that are equal in it go by their IDs.

    Attributes:
        table: its name.
        item: SQL for what is told of a row, as one JSON value.
        conditions: clauses that begin with a column, with one value each; None is no condition.
        ids: only rows with these; None is no condition.
        sorted_by: columns that are never null.
    """

    table: str
    item: str
    conditions: Mapping[str, Any]
    ids: Sequence[str | None] | None = None
    sorted_by: tuple[SortColumn, ...] = NEWEST_FIRST

    @property
    def columns(self) -> tuple[SortColumn, ...]:
        """All columns that sort, the ID among them."""
        if any(column.name == "id" for column in self.sorted_by):
            return self.sorted_by
        return (*self.sorted_by, SortColumn("id", descending=self.sorted_by[-1].descending))

    @property
    def order(self) -> str:
        """The order as SQL; it also tells the tokens of different listings apart."""
        return ", ".join(map(str, self.columns))

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
        beyond, after = _beyond(listing.columns, _sort_values(listing, page.after))
        where += f" AND {beyond}"
        values += after
    sort_values = f"json_array({', '.join(column.name for column in listing.columns)})"
    select = (
        f"SELECT {sort_values} AS sort_values, {listing.item} AS item FROM {listing.table}"  # noqa: S608 - as above
        f" WHERE {where} ORDER BY {listing.order} LIMIT ?"
    )
    rows = _rows(connection, select, [*values, page.size + 1])
    last, _ = rows[page.size - 1] if len(rows) > page.size else (None, None)
    token = None if last is None else token_of(_name(listing), *last)
    return StoredPage(tuple(item for _, item in rows[: page.size]), token, total)


def _beyond(columns: Sequence[SortColumn], after: Sequence[str]) -> tuple[str, list[str]]:
    """SQL for the rows that come after these values, and the values for it."""
    names = [column.name for column in columns]
    if len({column.descending for column in columns}) == 1:
        comparison = "<" if columns[0].descending else ">"
        return f"({', '.join(names)}) {comparison} ({', '.join('?' * len(names))})", list(after)
    # Rows cannot be compared at once where directions differ: equal in the first columns, beyond in the next.
    choices, values = [], list[str]()
    for position, column in enumerate(columns):
        equal = [f"{name} = ?" for name in names[:position]]
        choices.append(" AND ".join([*equal, f"{column.name} {'<' if column.descending else '>'} ?"]))
        values += after[: position + 1]
    return f"(({') OR ('.join(choices)}))", values


def _rows(connection: sqlite3.Connection, select: str, values: Sequence[Any]) -> list[tuple[list[str], dict[str, Any]]]:
    query = f"SELECT json_group_array(json_array(json(sort_values), json(item))) FROM ({select})"  # noqa: S608 - as above
    [rows] = connection.execute(query, values).fetchone()
    found: list[tuple[list[str], dict[str, Any]]] = json.loads(rows)
    return found


def _sort_values(listing: Listing, after: tuple[str | int, ...]) -> list[str]:
    name, *values = after
    texts = [value for value in values if isinstance(value, str)]  # as are all columns that sort
    if name != _name(listing) or not len(values) == len(texts) == len(listing.columns):
        raise ProblemError(400, "Invalid page_token; it belongs to another listing or another order")
    return texts


def _name(listing: Listing) -> str:
    return f"{listing.table} {listing.order}"
