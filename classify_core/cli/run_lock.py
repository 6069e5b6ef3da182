"""One run at a time writes a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from classify_core.errors import InvalidOptionError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds a lock in a hidden file beside `path`; the system ends it with the process, also one that is killed.

    It is not on the file itself, which is replaced where lines are removed.

    Raises:
        InvalidOptionError: another process holds it.
        OSError: the folder cannot be written to.
    """
    beside = path.with_name(f".{path.name}.lock")
    descriptor = _acquired(beside, path)
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes no open file; one that is left is taken by the next run
            beside.unlink()
        os.close(descriptor)


def _acquired(beside: Path, path: Path) -> int:
    while True:
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(descriptor)
        except (BlockingIOError, PermissionError):  # the latter on Windows
            os.close(descriptor)
            raise InvalidOptionError(
                f"--out {str(path)!r}: another run is writing it; wait for its end, or give another file"
            ) from None
        if _is_still_there(descriptor, beside):
            return descriptor
        os.close(descriptor)  # the run that held it has removed it in between


def _is_still_there(descriptor: int, beside: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), beside.stat())
    except FileNotFoundError:
        return False
