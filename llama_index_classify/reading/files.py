"""Documents from files: a single one, or whatever paths stand for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from classify_core.background import background, in_thread
from classify_core.errors import InvalidOptionError
from classify_core.file_listing import FileListing, ListedFile
from classify_core.file_systems import FileSystemFiles
from classify_core.windows import batches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from classify_core.grouping import Item
    from llama_index_classify.reading.file_documents import FileReading

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Files:
    """The files that paths stand for, looked for when they are loaded.

    Attributes:
        paths: the paths.
        reading: how files become documents.
        are_listed: whether a path may be a folder or a pattern; if not, each is a file, whatever it is called.
    """

    paths: tuple[str, ...]
    reading: FileReading
    are_listed: bool = True

    def items(self) -> list[Item]:
        """All files."""
        return background.run(self.aitems())

    async def aitems(self) -> list[Item]:
        """The same, awaited; folders are listed off the event loop."""
        return await self.reading.items(await in_thread(list, self._files()))

    def windows(self) -> Iterator[list[Item]]:
        """The files, a few at a time."""
        for batch in batches(self._files()):
            yield background.run(self.reading.items(batch))

    def _files(self) -> Iterator[ListedFile]:
        if not self.are_listed:
            return map(ListedFile, self.paths)
        fs = self.reading.fs
        listing = FileListing(None if fs is None else FileSystemFiles(fs), nothing_at=_tell_nothing)
        return listing.files_of(self.paths)


def checked_paths(paths: str | PurePath | Iterable[str | PurePath] | None) -> tuple[str, ...] | None:
    """The paths as they were given, a single one among them.

    Raises:
        InvalidOptionError: one is empty or no path.
    """
    if paths is None:
        return None
    given = (paths,) if isinstance(paths, (str, PurePath)) else tuple(paths)
    for path in given:
        if not isinstance(path, (str, PurePath)):
            raise InvalidOptionError(f"paths= was given a {type(path).__name__}; give a str or a Path each")
    if "" in given:
        raise InvalidOptionError("paths= holds an empty path; give . for the current folder, or / for all of fs=")
    return tuple(map(str, given))


def _tell_nothing(path: str) -> None:
    logger.warning("found no file at %r; hidden files do not count", path)
