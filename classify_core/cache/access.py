"""How a cache file is used in spite of everything: damage costs what it held, trouble costs its use for a while."""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from classify_core.cache.damage import DamagedFileError, ForeignFileError, Identity, identity_of, move_aside
from classify_core.cache.request_thread import Worker
from classify_core.cache.store import Change, Key, Limits, Store

logger = logging.getLogger(__name__)

T = TypeVar("T")

# A lock that another process holds for long, or a disk that is full, is waited for once in so many seconds.
PAUSE_SECONDS: Final = 5.0
# What waits for the file meanwhile: about 10 MB of answers. The oldest are given up.
MOST_WAITING: Final = 10_000
# Damage noticed, a new file; a file replaced at that moment; and once more.
_ATTEMPTS: Final = 3
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
# Which of SQLite's errors tell that a path can never be a cache file here.
_UNUSABLE_CODES: Final = frozenset({sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH})
_TROUBLE: Final = (sqlite3.Error, OSError, ForeignFileError)


@dataclass(frozen=True, slots=True)
class Written:
    """A change to be made."""

    key: Key
    change: Change


Request: TypeAlias = Key | Written
"""A text to be read, or a change to be made."""


@dataclass
class _Pause:
    """For how long something is not tried."""

    _until: float = field(default=-1.0)

    @property
    def is_on(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        self._until = time.monotonic() + PAUSE_SECONDS

    def end(self) -> None:
        self._until = -1.0


class FileAccess(Worker[Request, bytes]):
    """Reads and writes a cache file, one thread at a time; opened when needed.

    Args:
        path: the file, absolute, as it is resolved.
        limits: what it is kept within.
        now: seconds since 1970.
    """

    def __init__(self, path: Path, limits: Limits, now: Callable[[], float]) -> None:
        self._path = path
        self._limits = limits
        self._now = now
        self._known: Identity | None = None
        self._store: Store | None = None
        self.forget()

    def check(self) -> None:
        """Opens the file once, so that a path that is wrong is told at once; trouble that may pass is not an error.

        Raises:
            ForeignFileError: it is something else.
            OSError: it cannot be made.
            sqlite3.Error: it cannot be opened.
        """
        try:
            self._tried(lambda _: None)
        except _TROUBLE as error:
            if _is_for_good(error):
                raise
            self._warn(error)
        finally:
            self.let_go()  # whoever uses it may fork

    def work(self, requests: Sequence[Request]) -> list[bytes | None]:
        """Makes the changes, then reads: who reads after a change reads what was written."""
        for request in requests:
            if isinstance(request, Written):
                self._wait_for_file(request)
        self._write()
        found = self._read([request for request in requests if isinstance(request, Key)])
        return [found.get(request) if isinstance(request, Key) else None for request in requests]

    def rest(self) -> None:
        """Writes what is left and closes the file."""
        self._write_pause.end()
        self._write()
        self.let_go()

    def let_go(self) -> None:
        """Closes the file; a child must not inherit SQLite's locks, nor its memory of them."""
        if self._store is not None:
            self._store.close()
        self._store = None

    def forget(self) -> None:
        """Drops what waits to be written: in a forked child it is the parent's."""
        self._waiting: dict[Key, Change] = {}
        self._read_pause, self._write_pause = _Pause(), _Pause()
        self._has_warned = False

    def _wait_for_file(self, written: Written) -> None:
        self._waiting.pop(written.key, None)  # the one that takes its place is as new as any
        self._waiting[written.key] = written.change
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]

    def _write(self) -> None:
        if self._waiting:
            self._attempt(self._write_waiting, self._write_pause)

    def _write_waiting(self, store: Store) -> None:
        store.write(self._waiting)
        self._waiting = {}
        store.trim(self._now())

    def _read(self, keys: Sequence[Key]) -> dict[Key, bytes | None]:
        """The texts by key; what waits to be written counts as written."""
        found = {key: self._waiting[key].text for key in keys if key in self._waiting}
        wanted = [key for key in keys if key not in found]
        if wanted:
            found.update(self._attempt(lambda store: store.read(wanted, self._now()), self._read_pause) or {})
        return found

    def _attempt(self, use: Callable[[Store], T], pause: _Pause) -> T | None:
        """What a use of the file gives; None while it cannot be used."""
        if pause.is_on:
            return None
        try:
            return self._tried(use)
        except _TROUBLE as error:
            pause.begin()
            self._warn(error)
            return None

    def _tried(self, use: Callable[[Store], T]) -> T:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return use(self._opened())
            except DamagedFileError as error:
                self.let_go()
                move_aside(self._path, error.identity)
            except _TROUBLE as error:
                self.let_go()
                # No such table: the file was emptied or replaced while it was open, and is looked at anew.
                if attempt == _ATTEMPTS or getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR:
                    raise
        raise ForeignFileError("it is damaged again as soon as it is made")

    def _opened(self) -> Store:
        if self._store is not None and self._store.identity != identity_of(self._path):
            self.let_go()  # deleted, or moved aside by another process
        if self._store is None:
            self._store = Store(self._path, self._limits, known=self._known, now=self._now())
            self._known = self._store.identity
        return self._store

    def _warn(self, error: Exception) -> None:
        level = logging.DEBUG if self._has_warned else logging.WARNING
        self._has_warned = True
        logger.log(level, "the cache file %s cannot be used now, the run goes on without it: %s", self._path, error)


def _is_for_good(error: Exception) -> bool:
    """Whether an error tells that the path is wrong, not that it cannot be used for the moment."""
    if isinstance(error, OSError):
        return error.errno not in _FULL
    return isinstance(error, ForeignFileError) or getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNUSABLE_CODES
