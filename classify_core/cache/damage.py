"""What happens to a cache file that is damaged: it is moved aside, once, however many processes notice."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, TypeAlias

try:
    import fcntl
except ImportError:  # Windows, which lets nobody rename a file that is open, so that nothing can go wrong
    fcntl = None  # type: ignore[assignment]  # a module or none

logger = logging.getLogger(__name__)

_LOCK_SECONDS: Final = 2.0
_LOCK_STEP_SECONDS: Final = 0.01
# SQLite's codes: the b-tree is malformed; the header is no SQLite header; a page is cut off.
_DAMAGE_CODES: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_SHORT_READ_CODE: Final = sqlite3.SQLITE_IOERR_SHORT_READ

Identity: TypeAlias = tuple[int, int]
"""Device and inode: which file a path names now."""


class DamagedFileError(Exception):
    """A file cannot be read any more, or says what was never written.

    Attributes:
        identity: which file it was.
    """

    def __init__(self, message: str, identity: Identity) -> None:
        super().__init__(message)
        self.identity = identity


class ForeignFileError(Exception):
    """A file is not ours, and is left as it is."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error tells of the file's content, not of its circumstances."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE_CODES or code == _SHORT_READ_CODE


def identity_of(path: Path) -> Identity | None:
    """Which file is there now; None where none is."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def move_aside(path: Path, damaged: Identity) -> None:
    """Makes room for a new file, unless another process already did.

    Each process may notice the damage by itself; only the file that it noticed it in is moved. Its log goes with it:
    SQLite would take it for the new file's.

    Raises:
        OSError: the folder does not allow it.
    """
    with folder_lock(path.parent):
        if identity_of(path) != damaged:
            return
        aside = path.with_name(path.name + ".damaged")
        _beside(path, "-shm").unlink(missing_ok=True)
        _beside(aside, "-wal").unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            _beside(path, "-wal").replace(_beside(aside, "-wal"))
        path.replace(aside)
    logger.warning("the cache file %s is damaged; it was moved to %s and is begun anew", path, aside.name)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Lets one process at a time open, make or move cache files in a folder.

    The folder itself is locked, so that no lock file is left over. Where a file system cannot do that, it goes on
    without: then two processes may move a file at the same time, which costs what the new one holds already.
    """
    descriptor = None
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
    if descriptor is None:
        yield
        return
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)  # which gives the lock back


def _lock(descriptor: int) -> None:
    if fcntl is None:
        return
    deadline = time.monotonic() + _LOCK_SECONDS
    while time.monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_STEP_SECONDS)
        except OSError:
            return
        else:
            return


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
