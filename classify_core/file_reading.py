"""Files read many at once, for a framework to make its own documents of: the originals, and the text in them.

The text is read by this project's own extraction, so that no further package is needed.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, TypeAlias, TypeVar

from classify_core.background import background, in_thread
from classify_core.errors import InvalidOptionError, UnreadableDocumentError
from classify_core.file_listing import FileListing, ListedFile
from classify_core.file_systems import FileSystemFiles, address_of, fetched
from classify_core.local.extraction import aextract
from classify_core.source import Source, read
from classify_core.windows import batches

logger = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

Original: TypeAlias = Source | UnreadableDocumentError
"""What is classified, or why it cannot be had; then classifying tells so, under the policy for failures."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file, as far as it could be read.

    Attributes:
        path: where it is.
        address: a name that no other file has: its path, or on another file system its address there.
        original: the file itself, which tells a classifier more than its text does; or why it cannot be had.
        text: empty where there is none to be read (a scan, a damaged file); classifying the original tells why.
        facts: what else is known of it.
    """

    path: str
    address: str
    original: Original
    text: str = field(default="", repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePath(self.path).name


@dataclass(frozen=True, slots=True)
class Files:
    """The files that paths stand for, looked for when they are read.

    Attributes:
        paths: the paths.
        fs: the fsspec file system they are in; None on this machine.
        are_listed: whether a path may be a folder or a pattern; if not, each is a file, whatever it is called.
        reads_text: whether the text is read too.
        facts_of: tells what else is known of a file, by its path and file system; called in a thread.
    """

    paths: tuple[str, ...]
    fs: Any = None
    are_listed: bool = True
    reads_text: bool = True
    facts_of: Callable[[str, Any], Mapping[str, Any]] | None = None

    def read(self) -> list[ReadFile]:
        """All files.

        Raises:
            MissingExtraError: a format needs a package that is not installed.
        """
        return background.run(self.aread())

    async def aread(self) -> list[ReadFile]:
        """The same, awaited; folders are listed off the event loop."""
        return await self._read(await in_thread(list, self._listed()))

    def windows(self) -> Iterator[list[ReadFile]]:
        """The files, a few at a time."""
        for batch in batches(self._listed()):
            yield background.run(self._read(batch))

    def _listed(self) -> Iterator[ListedFile]:
        if not self.are_listed:
            return map(ListedFile, self.paths)
        listing = FileListing(None if self.fs is None else FileSystemFiles(self.fs), nothing_at=_tell_nothing)
        return listing.files_of(self.paths)

    async def _read(self, files: Sequence[ListedFile]) -> list[ReadFile]:
        # A file system that is not asynchronous inside may have a single connection.
        is_shared = self.fs is None or getattr(self.fs, "async_impl", False)
        turn: Any = nullcontext() if is_shared else asyncio.Lock()

        async def read_one(file: ListedFile) -> ReadFile:
            async with turn:
                original, facts = await in_thread(self._looked_up, file)
            text = await text_of(original) if self.reads_text else ""
            return ReadFile(file.path, address_in(self.fs, file.path), original, text, facts)

        return await several_at_once(read_one, files)

    def _looked_up(self, file: ListedFile) -> tuple[Original, Mapping[str, Any]]:
        if file.fault is not None:
            return UnreadableDocumentError(file.fault, source_name=PurePath(file.path).name), {}
        try:
            source = Source.path(file.path) if self.fs is None else fetched(file.path, self.fs)
        except UnreadableDocumentError as error:
            return error, {}
        return source, {} if self.facts_of is None else self.facts_of(file.path, self.fs)


async def several_at_once(work: Callable[[T], Awaitable[R]], values: Iterable[T]) -> list[R]:
    """Works on values, as many at once as there are processors; results are in the order of the values."""
    slots = asyncio.Semaphore(os.cpu_count() or 1)

    async def work_on(value: T) -> R:
        async with slots:
            return await work(value)

    return await asyncio.gather(*map(work_on, values))


async def text_of(original: Original) -> str:
    """The text in an original, read off the event loop; empty where there is none to be read.

    Raises:
        MissingExtraError: its format needs a package that is not installed.
    """
    if isinstance(original, UnreadableDocumentError):
        return ""
    try:
        content = await read(original)
        return "" if content is None else (await aextract(content)).text
    except UnreadableDocumentError:
        return ""


def address_in(fs: Any, path: str) -> str:
    """The path of a file on this machine, where `fs` is None; else its address in that file system."""
    return path if fs is None else address_of(path, fs)


def checked_paths(paths: str | PurePath | Iterable[str | PurePath]) -> tuple[str, ...]:
    """The paths as they were given, a single one among them.

    Raises:
        InvalidOptionError: one is empty or no path.
    """
    given = (paths,) if isinstance(paths, (str, bytes, PurePath)) else tuple(paths)
    for path in given:
        if not isinstance(path, (str, PurePath)):
            raise InvalidOptionError(f"paths= was given a {type(path).__name__}; give a str or a Path each")
    if "" in given:
        raise InvalidOptionError("paths= holds an empty path; give . for the current folder, or / for all of fs=")
    return tuple(map(str, given))


def checked_file_system(fs: object) -> Any:
    """The file system that files are read from; None for this machine's, which needs none.

    Raises:
        InvalidOptionError: it is something else.
    """
    if fs is None:
        return None
    try:
        from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # noqa: PLC0415 - no types; optional
        from fsspec.implementations.local import (  # type: ignore[import-untyped]  # noqa: PLC0415 - the same
            LocalFileSystem,
        )
    except ImportError:  # then it cannot be one of its file systems either
        raise _no_file_system(fs) from None
    if not isinstance(fs, AbstractFileSystem):
        raise _no_file_system(fs)
    return None if type(fs) is LocalFileSystem else fs


def refuse_addresses(paths: Iterable[str], fs: Any) -> None:
    """Refuses what would be looked for on this machine, and be missing, for want of its file system.

    Raises:
        InvalidOptionError: there is one.
    """
    for path in paths if fs is None else ():
        scheme, is_address, _ = path.partition("://")
        if is_address:
            raise InvalidOptionError(
                f"a path begins with {scheme}://; give its file system too: fs=fsspec.filesystem({scheme!r})"
            )


def _no_file_system(given: object) -> InvalidOptionError:
    return InvalidOptionError(f'fs= was given a {type(given).__name__}; give one of fsspec: fsspec.filesystem("s3")')


def _tell_nothing(path: str) -> None:
    logger.warning("found no file at %r; hidden files do not count", path)
