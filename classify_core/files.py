"""Whether a file may be read as a document: one answer for uploads and for local reading."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from classify_core.errors import UnreadableDocumentError

MAX_FILE_BYTES: Final = 512 * 1024 * 1024
"""The service's limit for an upload (contract README, "Limits, errors, price"); ours for a local file too."""


def check_readable(path: Path, *, name: str | None) -> int:
    """Returns a file's size in bytes, 1 to `MAX_FILE_BYTES`.

    It looks and does not open: opening a pipe that nobody writes to would wait for ever.

    Args:
        path: the file.
        name: the document's name, for the error.

    Raises:
        UnreadableDocumentError: it is missing, no regular file, empty or too large, or cannot be looked at.
    """
    with named_faults(path, name=name):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise UnreadableDocumentError(f"{path} is a directory; give the files in it one by one", source_name=name)
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableDocumentError(
            f"{path} is a device, pipe or socket; copy what it holds to a file", source_name=name
        )
    return check_size(status.st_size, name=name)


def check_size(size: int, *, name: str | None) -> int:
    """Returns the size of a document, in bytes.

    Raises:
        UnreadableDocumentError: it is 0, as that of the kernel's endless files is too, or above `MAX_FILE_BYTES`.
    """
    if size == 0:
        raise UnreadableDocumentError("it is empty (0 bytes); there is nothing to classify", source_name=name)
    if size > MAX_FILE_BYTES:
        raise UnreadableDocumentError(
            f"it has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read. Split it", source_name=name
        )
    return size


@contextmanager
def named_faults(path: Path, *, name: str | None) -> Iterator[None]:
    """Turns the system's faults on a file into ours.

    Raises:
        UnreadableDocumentError: the block could not do with the file what it wanted.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableDocumentError(f"there is no file {path}; check the path", source_name=name) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnreadableDocumentError(
            f"cannot read {path}: {reason}; check its permissions", source_name=name
        ) from error
    except ValueError as error:  # a path with a NUL character
        raise UnreadableDocumentError(f"{str(path)!r} is not a path: {error}", source_name=name) from error
