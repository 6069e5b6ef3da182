"""Files on file systems of the `fsspec` family: listed, read and told apart. Nothing here needs fsspec itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from classify_core.errors import UnreadableDocumentError
from classify_core.file_listing import Entry, is_pattern, no_pattern, reason_of
from classify_core.files import MAX_FILE_BYTES
from classify_core.source import Source


class FileSystemFiles:
    """An fsspec file system, to be listed by a `FileListing`: one folder at a time, a pattern at once."""

    def __init__(self, fs: Any) -> None:
        self._fs = fs

    def entry(self, path: str) -> Entry | None:
        """What is there under exactly this path, under the name that the file system itself gives it."""
        try:
            return _entry(self._fs.info(path))
        except FileNotFoundError:
            return None
        except Exception:
            if is_pattern(path):  # some services forbid to look at what is not there
                return None
            raise

    def entries(self, folder: str) -> list[Entry]:
        """What a folder holds, by name, without hidden entries, links to folders and the folder's own mark."""
        found = sorted((each for each in self._fs.ls(folder, detail=True)), key=lambda info: str(info["name"]))
        return [
            entry
            for info in found
            if not (entry := _entry(info)).path.rpartition("/")[2].startswith(".")
            and entry.path != folder.rstrip("/")
            and not (_is_link(info) and self._fs.isdir(entry.path))
        ]

    def matches(self, pattern: str) -> list[Entry]:
        """What matches a pattern, by name."""
        try:
            found: Mapping[str, Any] = self._fs.glob(pattern, detail=True)
        except ValueError as error:  # such as ** beside other characters
            raise no_pattern(pattern, error) from None
        return [_entry({**info, "name": path}) for path, info in sorted(found.items())]

    def identity(self, path: str) -> str:
        """The path, of which a file system has one a file."""
        return path


def fetched(path: str, fs: Any) -> Source:
    """Reads a file of a file system into memory.

    Raises:
        UnreadableDocumentError: it cannot be had, or is too large.
    """
    name = PurePosixPath(path).name
    try:
        with fs.open(path, "rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except Exception as error:  # a file system may be anybody's
        raise UnreadableDocumentError(
            f"the file system cannot give {path}: {reason_of(error)}; check the path and the access to it",
            source_name=name,
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableDocumentError(
            f"{path} has more than {MAX_FILE_BYTES:,} bytes, which is the limit; split it", source_name=name
        )
    return Source.bytes(data, name=name)


def address_of(path: str, fs: Any) -> str:
    """A name that no file of another file system has, such as `s3://bucket/a.pdf`.

    Files of two archives may have equal paths, so an archive's own is part of it, as a digest: it may hold a key.
    """
    address = str(fs.unstrip_protocol(path))
    file = getattr(fs, "fo", None)
    archive = getattr(file, "path", None) or getattr(file, "name", None)
    if archive is None:
        return address
    # What stands behind a question mark is a signature, which is another one each time.
    return f"{address}::{hashlib.sha256(str(archive).partition('?')[0].encode()).hexdigest()[:16]}"


def _entry(info: Mapping[str, Any]) -> Entry:
    return Entry(str(info["name"]).rstrip("/"), info.get("type") == "directory")


def _is_link(info: Mapping[str, Any]) -> bool:
    return bool(info.get("islink")) or info.get("type") == "link"
