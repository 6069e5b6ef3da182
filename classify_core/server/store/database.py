"""One SQLite file, one thread that uses it, one transaction a call.

Each function of the store takes the connection first and is called through `Database.run`, which makes the call one
transaction: all of it is kept or none, also after a `kill -9`. The file is locked for as long as it is open, so that
two servers cannot work on the same jobs.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, TypeVar

from classify_core.errors import InvalidOptionError
from classify_core.server.store.tables import SCHEMA, SCHEMA_VERSION

P = ParamSpec("P")
T = TypeVar("T")

FILE_NAME: Final = "classify.sqlite3"


class Database:
    """The server's memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # SQLite connections belong to their thread, and one writer needs no locks.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="classify-database")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Opens the file, or makes it.

        Raises:
            InvalidOptionError: another server has it open, it is none of ours, or it cannot be written.
        """
        self._connection = await asyncio.get_running_loop().run_in_executor(self._thread, _opened, self._path)

    async def run(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Calls a function of the store in a transaction of its own; an exception undoes what it did."""
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._transact(function, *args, **kwargs)
        )

    def _transact(
        self, function: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        assert self._connection is not None, "the database is not open"
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = function(self._connection, *args, **kwargs)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result

    async def close(self) -> None:
        """Closes the file; what was committed stays."""
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._connection = None
        self._thread.shutdown(wait=False)


def _opened(path: Path) -> sqlite3.Connection:
    try:
        # For its owner alone, wherever the folder is: webhook secrets and the texts of documents are in it.
        path.touch(mode=0o600)
        connection = sqlite3.connect(path, isolation_level=None, timeout=0.5)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode a killed process loses nothing that was committed; a power cut may lose the last moments.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # documents' texts and webhooks' secrets are among what goes
        _prepare(connection, path)
    except (OSError, sqlite3.OperationalError) as error:
        reason = "another server uses it" if "locked" in str(error) else getattr(error, "strerror", None) or str(error)
        raise InvalidOptionError(
            f"cannot open the data folder {path.parent}: {reason}; name another with --data"
        ) from None
    except sqlite3.DatabaseError:
        raise InvalidOptionError(f"{path} is no database of this server; name another folder with --data") from None
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version not in {0, SCHEMA_VERSION}:
        connection.close()
        raise InvalidOptionError(
            f"{path} was made by another version of classify-adapters; name another folder with --data"
        )
    connection.executescript(f"BEGIN EXCLUSIVE; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
