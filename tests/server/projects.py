"""Clients of a running server, each with a project of its own, and a look at what the server keeps."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from pydantic import SecretStr

from classify_core.server.options import ServerOptions
from classify_core.server.serving import RunningServer

KEYS = ("llx-mine", "llx-theirs")


@contextmanager
def own_server(folder: Path, *, workers: int = 1, **options: Any) -> Iterator[RunningServer]:
    """A server of one test alone, which knows `KEYS`: for what a shared one must not suffer."""
    keys = tuple(map(SecretStr, KEYS))
    with RunningServer(ServerOptions(data=folder, port=0, api_keys=keys, workers=workers, **options)) as running:
        yield running


def client_of(base_url: str, key: str) -> httpx.Client:
    """A client with a key."""
    return httpx.Client(base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=30)


def stored(running: RunningServer, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function of the store returns, called as the server calls it."""
    return running.call(running.service.database.run(function, *arguments))


def end(connection: sqlite3.Connection, file_id: str) -> None:
    """Lets a file's time be over."""
    connection.execute("UPDATE files SET expires_at = created_at WHERE id = ?", (file_id.removeprefix("dfl-"),))
