"""Saved rule sets. A name is one configuration in its project: saving it again makes a new version of it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from classify_core.server.problems import ProblemError, not_found
from classify_core.server.store.listing import Listing, json_object, page_of
from classify_core.server.store.moments import now, stored
from classify_core.server.store.paging import PageRequest, StoredPage


@dataclass(frozen=True, slots=True)
class StoredConfiguration:
    """A saved rule set in its latest version; earlier ones are not kept.

    Attributes:
        version: the moment of its last change; no two versions of a configuration have the same.
        parameters: the rules, the mode and the parsing configuration, with the product they are for.
    """

    id: str
    project_id: str
    name: str
    version: str
    parameters: dict[str, Any]
    created_at: str
    updated_at: str


_ITEM: Final = json_object(
    {field.name: field.name for field in fields(StoredConfiguration)} | {"parameters": "json(parameters)"}
)


def save(
    connection: sqlite3.Connection, project_id: str, *, name: str, parameters: dict[str, Any]
) -> StoredConfiguration:
    """Saves parameters under a name: as a new configuration, or as a new version of the one of that name."""
    earlier = _by_name(connection, project_id, name)
    if earlier is not None:
        return change(connection, project_id, earlier.id, parameters=parameters)
    config_id, moment = f"cfg-{uuid4()}", now()
    connection.execute(
        "INSERT INTO configurations (id, project_id, name, version, parameters, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (config_id, project_id, name, moment, json.dumps(parameters), moment, moment),
    )
    return get(connection, project_id, config_id)


def get(connection: sqlite3.Connection, project_id: str, config_id: str) -> StoredConfiguration:
    """Returns a configuration of a project.

    Raises:
        ProblemError: there is none (404).
    """
    found = _one(connection, project_id, "id", config_id)
    if found is None:
        raise not_found("Configuration", config_id)
    return found


def find(
    connection: sqlite3.Connection, project_id: str, page: PageRequest, *, name: str | None = None
) -> StoredPage[StoredConfiguration]:
    """Returns a page of configurations, newest first by creation, so that changing one moves none.

    Raises:
        ProblemError: the page token belongs to another listing (400).
    """
    conditions = {"project_id = ?": project_id, "name = ?": name}
    rows = page_of(connection, Listing("configurations", _ITEM, conditions), page)
    items = tuple(StoredConfiguration(**item) for item in rows.items)
    return StoredPage(items, rows.next_page_token, rows.total_size)


def change(
    connection: sqlite3.Connection,
    project_id: str,
    config_id: str,
    *,
    name: str | None = None,
    parameters: dict[str, Any] | None = None,
) -> StoredConfiguration:
    """Makes a new version of a configuration; None leaves a part as it is.

    Raises:
        ProblemError: there is none (404), or another one has the name (409).
    """
    earlier = get(connection, project_id, config_id)
    if name is None and parameters is None:
        return earlier
    name = earlier.name if name is None else name
    namesake = _by_name(connection, project_id, name)
    if namesake is not None and namesake.id != config_id:
        raise ProblemError(409, f"Another configuration is named {name!r}; choose another name, or delete that one")
    parameters = earlier.parameters if parameters is None else parameters
    version = _version_after(earlier.version)
    connection.execute(
        "UPDATE configurations SET name = ?, parameters = ?, version = ?, updated_at = ?"
        " WHERE project_id = ? AND id = ?",
        (name, json.dumps(parameters), version, version, project_id, config_id),
    )
    return get(connection, project_id, config_id)


def delete(connection: sqlite3.Connection, project_id: str, config_id: str) -> None:
    """Deletes a configuration; jobs that were made with it keep their own copy.

    Raises:
        ProblemError: there is none (404).
    """
    get(connection, project_id, config_id)
    connection.execute("DELETE FROM configurations WHERE project_id = ? AND id = ?", (project_id, config_id))


def _by_name(connection: sqlite3.Connection, project_id: str, name: str) -> StoredConfiguration | None:
    return _one(connection, project_id, "name", name)


def _one(connection: sqlite3.Connection, project_id: str, column: str, value: str) -> StoredConfiguration | None:
    select = f"SELECT {_ITEM} FROM configurations WHERE project_id = ? AND {column} = ?"  # noqa: S608 - SQL of this module
    row = connection.execute(select, (project_id, value)).fetchone()
    return None if row is None else StoredConfiguration(**json.loads(row[0]))


def _version_after(version: str) -> str:
    """This moment, or the one after the version before, where the clock has not moved on since or was set back."""
    return max(now(), stored(datetime.fromisoformat(version) + timedelta(microseconds=1)))
