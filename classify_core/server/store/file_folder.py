"""The bytes of uploaded files, at `<root>/<project>/<file>`. A client's file name is never part of a path."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from classify_core.server.logs import log_event

CHUNK_BYTES: Final = 1024 * 1024

_UNFINISHED: Final = ".part"


class FileFolder:
    """A folder of documents. Reading and writing happens in threads, off the event loop."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path_of(self, project_id: str, file_id: str) -> Path:
        """Where a file's bytes are.

        Raises:
            ValueError: one of the IDs is no UUID. They come from the database, so this is a fault of ours.
        """
        return self._root / str(UUID(project_id)) / str(UUID(file_id))

    async def keep(self, project_id: str, file_id: str, stream: BinaryIO) -> tuple[int, str]:
        """Copies a stream to the disk: all of it, or nothing.

        Returns:
            Its size in bytes and its SHA-256 in hexadecimal.

        Raises:
            OSError: it cannot be written.
        """
        return await asyncio.to_thread(_copy, stream, self.path_of(project_id, file_id))

    async def remove(self, project_id: str, file_id: str) -> None:
        """Removes a file's bytes, where there are any."""
        await asyncio.to_thread(_remove, self.path_of(project_id, file_id))

    async def sweep(self, known: set[tuple[str, str]]) -> None:
        """Removes what belongs to no known project and file: what a killed server left unfinished or undeleted."""
        await asyncio.to_thread(_sweep, self._root, known)


def _copy(stream: BinaryIO, path: Path) -> tuple[int, str]:
    unfinished = path.with_suffix(_UNFINISHED)
    try:
        for folder in (path.parent.parent, path.parent):
            folder.mkdir(exist_ok=True, mode=0o700)
        counted = _write(stream, unfinished)
        unfinished.replace(path)
    except BaseException:
        _remove(unfinished)
        raise
    return counted


def _write(stream: BinaryIO, path: Path) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with path.open("xb") as target:
        while chunk := stream.read(CHUNK_BYTES):
            target.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:  # the file is forgotten all the same, and swept at the next start
        log_event("file.not_removed", level=logging.WARNING, error=error)


def _sweep(root: Path, known: set[tuple[str, str]]) -> None:
    for path in root.glob("*/*"):
        if (path.parent.name, path.name) not in known:
            _remove(path)
