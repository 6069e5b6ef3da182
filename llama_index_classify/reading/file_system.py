"""Which file system a reader's files are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it ships no types

from classify_core.errors import InvalidOptionError
from classify_core.file_reading import checked_file_system

if TYPE_CHECKING:
    from llama_index.core.readers.base import BaseReader


def is_elsewhere(fs: Any) -> bool:
    """Whether a file system is another machine's, as far as can be known."""
    protocols = () if fs is None else (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)
    return fs is not None and "memory" not in protocols


def refuse_files_elsewhere(reader: BaseReader, fs: object) -> None:
    """Refuses to take files of this machine for those of a wrapped reader that happen to have the same paths.

    Args:
        reader: the wrapped reader.
        fs: the file system it is asked to read from; by default its own, if it has one.

    Raises:
        InvalidOptionError: it reads from another file system.
    """
    given = getattr(reader, "fs", None) if fs is None else fs
    if isinstance(given, AbstractFileSystem) and checked_file_system(given) is not None:
        raise InvalidOptionError(
            'source="file" reads the files of this machine; without a wrapped reader, ClassifyReader reads and '
            "classifies the files of any file system itself"
        )
