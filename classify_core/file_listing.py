"""Which files a list of paths stands for: files, folders and patterns; each file once, and looked for lazily."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath
from typing import Final, Protocol

from classify_core.errors import InvalidOptionError

_PATTERN_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file that a path stands for.

    Attributes:
        path: the file, as far below the given path as it is.
        fault: why the files of this folder are not known; None for a file.
    """

    path: str
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file system has under a path."""

    path: str
    is_folder: bool


class ListedFileSystem(Protocol):
    """What a listing asks of a file system; what its methods raise becomes the fault of the path that was asked for."""

    def entry(self, path: str) -> Entry | None:
        """What is there under exactly this path."""

    def entries(self, folder: str) -> Iterable[Entry]:
        """What a folder holds, by name, without hidden entries and links to folders, which may lead in circles."""

    def matches(self, pattern: str) -> Iterable[Entry]:
        """What matches a pattern, by name, hidden entries included.

        Raises:
            InvalidOptionError: the pattern cannot work.
        """

    def identity(self, path: str) -> str:
        """Equal for two paths of one file."""


class LocalFiles:
    """The file system of this machine."""

    def entry(self, path: str) -> Entry | None:
        """What is there under exactly this path, a broken link included."""
        return _local_entry(path) if os.path.lexists(path) else None

    def entries(self, folder: str) -> list[Entry]:
        """What a folder holds, by name, without hidden entries and links to folders."""
        with os.scandir(folder) as found:
            paths = sorted(each.path for each in found if not each.name.startswith("."))
        entries = map(_local_entry, paths)
        return [entry for entry in entries if not (entry.is_folder and Path(entry.path).is_symlink())]

    def matches(self, pattern: str) -> list[Entry]:
        """What matches a pattern, by name."""
        parts = PurePath(pattern).parts
        fixed = _fixed(parts)
        try:
            return [_local_entry(path) for path in sorted(map(str, Path(*fixed).glob("/".join(parts[len(fixed) :]))))]
        except ValueError as error:  # such as ** beside other characters
            raise no_pattern(pattern, error) from None

    def identity(self, path: str) -> str:
        """Where the file is, behind all links."""
        return os.path.realpath(path)


class FileListing:
    """Lists the files that paths stand for, each once however often and under whatever names it is met.

    Below a folder and by a pattern, hidden files and folders are passed over, unless the pattern names them. A link to
    a file is that file; a link to a folder is followed only where it is a given path itself.

    Args:
        file_system: where the paths are; by default this machine.
        left_out: files that are not listed.
        nothing_at: called with each path that stands for no file.
    """

    def __init__(
        self,
        file_system: ListedFileSystem | None = None,
        *,
        left_out: Iterable[str | PurePath] = (),
        nothing_at: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._files: ListedFileSystem = LocalFiles() if file_system is None else file_system
        self._nothing_at = nothing_at
        self._seen = {self._files.identity(str(path)) for path in left_out}

    def files_of(self, paths: Iterable[str]) -> Iterator[ListedFile]:
        """The files of all paths, in the order of the paths."""
        for path in paths:
            yield from self.files_at(path)

    def files_at(self, path: str) -> Iterator[ListedFile]:
        """The files that one path stands for and that were not listed before, below a folder by name.

        A path that is there under exactly this name is that file or folder, whatever it is called. One that is not
        there is a file too, unless it is a pattern: reading it will say why it cannot be had.

        Raises:
            InvalidOptionError: the path is empty or a pattern that cannot work.
        """
        if not path:
            raise InvalidOptionError("a PATH is empty; give . for the current folder")
        is_empty = True
        for file in self._standing_for(path):
            is_empty = False
            identity = self._files.identity(file.path)
            if identity not in self._seen:
                self._seen.add(identity)
                yield file
        if is_empty:
            self._nothing_at(path)

    def _standing_for(self, path: str) -> Iterator[ListedFile]:
        try:
            entry = self._files.entry(path)
            if entry is None and is_pattern(path):
                found = self._visible(path)
            else:
                found = [Entry(path, is_folder=False) if entry is None else entry]
        except InvalidOptionError:
            raise
        except Exception as error:  # noqa: BLE001 - a file system may be anybody's
            yield ListedFile(path, f"cannot look for its files: {reason_of(error)}")
            return
        for each in found:
            yield from self._below(each)

    def _visible(self, pattern: str) -> list[Entry]:
        parts = PurePath(pattern).parts
        fixed = _fixed(parts)
        names_hidden = any(part.startswith(".") for part in parts[len(fixed) :])
        return [
            entry for entry in self._files.matches(pattern) if names_hidden or not _is_hidden(entry.path, besides=fixed)
        ]

    def _below(self, entry: Entry) -> Iterator[ListedFile]:
        """The entry, or the files below it; with a stack, since folders may be nested deeper than calls may."""
        stack = [iter([entry])]
        while stack:
            current = next(stack[-1], None)
            if current is None:
                stack.pop()
            elif not current.is_folder:
                yield ListedFile(current.path)
            else:
                try:
                    stack.append(iter(list(self._files.entries(current.path))))
                except Exception as error:  # noqa: BLE001 - a file system may be anybody's
                    yield ListedFile(current.path, f"cannot list the folder: {reason_of(error)}")


def is_pattern(path: str) -> bool:
    """Whether a path would stand for several, were there none of its own name."""
    return not _PATTERN_CHARACTERS.isdisjoint(path)


def reason_of(error: Exception) -> str:
    """What may be told of a file system's error, whose own text may hold anything."""
    return getattr(error, "strerror", None) or type(error).__name__


def no_pattern(pattern: str, error: ValueError) -> InvalidOptionError:
    """The error of a pattern that cannot be searched for."""
    return InvalidOptionError(f"{pattern!r} is no pattern that can be searched for: {error}")


def _local_entry(path: str) -> Entry:
    try:
        is_folder = Path(path).is_dir()
    except OSError:  # what cannot be looked at cannot be listed either; reading it will say why
        is_folder = False
    return Entry(str(PurePath(path)), is_folder)


def _fixed(parts: Iterable[str]) -> list[str]:
    """The parts of a pattern before the first that varies."""
    return list(takewhile(lambda part: not is_pattern(part), parts))


def _is_hidden(path: str, *, besides: Iterable[str]) -> bool:
    return any(part.startswith(".") and part not in besides for part in PurePath(path).parts)
