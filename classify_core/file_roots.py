"""Files within folders that the user names, and none outside, by names that an agent, or a stranger behind it, made up.

A name is refused for what it says (`..`, an absolute place elsewhere, a hidden part) before anything is looked at, and
for where it leads once its links are followed. What is then opened, folder by folder and without following a link, is
what was found to lie inside, however quickly somebody swaps it for a link; and what is read is what was opened.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final, TypeAlias

from classify_core.background import in_thread
from classify_core.errors import InvalidOptionError
from classify_core.files import check_size, named_faults
from classify_core.source import Source

FolderLike: TypeAlias = str | os.PathLike[str]

# On Windows neither is there: a file is opened by its path, and compared afterwards with what was looked at.
_OPENS_BELOW_DESCRIPTORS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _NO_LINK
# Not waiting: a pipe that was put in a file's place would be waited for.
_FILE: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | _NO_LINK


@dataclass(frozen=True, slots=True)
class _Root:
    """A folder: as it was written, for absolute names, and the place it stands for."""

    written: Path
    place: Path


class FileRoots:
    """Folders whose files may be read by name.

    A name is relative to a folder; the first folder that has such a file is taken. An absolute one has to lie in a
    folder. A link may lead to another place in the same folder. Neither a folder nor a device is a file, and parts that
    begin with a dot (`.env`, `.git`) are refused, also behind a link, unless `allow_hidden`.

        roots = FileRoots("inbox", "archive")
        roots.find("march/acme.pdf")        # a Source that holds the file's bytes, or None

    On Windows, which cannot open a file relative to an open folder, a race against somebody who swaps folders of the
    root while it is read is made hard, and not excluded.

    Args:
        folders: existing folders; links among them are followed now, once.
        allow_hidden: whether parts of a name may begin with a dot.

    Raises:
        InvalidOptionError: no folder was given, or one that is not there.
    """

    def __init__(self, *folders: FolderLike, allow_hidden: bool = False) -> None:
        if not folders:
            raise InvalidOptionError('name at least one folder, such as FileRoots("inbox")')
        self._roots = tuple(_root(folder) for folder in folders)
        self._allow_hidden = allow_hidden

    def find(self, name: str) -> Source | None:
        """The file of that name, read: at most `MAX_FILE_BYTES`.

        Returns:
            None where there is none in the folders. What lies outside is not told from what does not exist.

        Raises:
            UnreadableDocumentError: a file is there, and is empty, too large, or must not be read by this process.
        """
        for root in self._roots:
            parts = self._named(name, root)
            found = None if parts is None else self._found(parts, root)
            if parts is None or found is None:
                continue
            known_as = PurePath(*parts).as_posix()
            data = _read(root.place, found, name=known_as)
            if data is not None:
                return Source.bytes(data, name=known_as)
        return None

    async def afind(self, name: str) -> Source | None:
        """The same, in a thread of its own: a disk may take its time."""
        return await in_thread(self.find, name)

    def __repr__(self) -> str:
        return f"FileRoots({len(self._roots)} folders)"

    def _named(self, name: str, root: _Root) -> tuple[str, ...] | None:
        """The parts of a name below a root; None where it may not be looked at."""
        path = PurePath(name)
        for place in (root.place, root.written):
            if path.is_absolute() and path.is_relative_to(place):
                path = path.relative_to(place)
        # A name with `..` is refused even if it comes back: whether it does depends on what there is outside.
        if path.anchor or ".." in path.parts or not self._may_be_read(path.parts):
            return None
        return path.parts

    def _found(self, parts: tuple[str, ...], root: _Root) -> tuple[str, ...] | None:
        """Where below a root the file is, links followed; None where they lead out of it, or to no file."""
        try:
            found = Path(os.path.realpath(root.place.joinpath(*parts), strict=True))
            is_file = stat.S_ISREG(found.lstat().st_mode)
        except (OSError, ValueError, RecursionError):  # nothing there, no possible name, a great many links
            return None
        if not is_file or not found.is_relative_to(root.place):
            return None
        below = found.relative_to(root.place).parts
        return below if self._may_be_read(below) else None

    def _may_be_read(self, parts: tuple[str, ...]) -> bool:
        # On Windows a colon names a drive, or a stream behind a file's name.
        is_plain = os.name != "nt" or not any(":" in part for part in parts)
        return bool(parts) and is_plain and (self._allow_hidden or not any(part.startswith(".") for part in parts))


def _root(folder: FolderLike) -> _Root:
    try:
        place = Path(folder).resolve(strict=True)
        is_folder = place.is_dir()
    except (OSError, ValueError, TypeError, RuntimeError):  # 3.11 and 3.12 have a RuntimeError for links in a circle
        is_folder = False
    # An empty name, as of a variable that is not set, would be the working directory.
    if folder == "" or not is_folder:
        raise InvalidOptionError(f"{folder!r} is no folder whose files can be read; give one that exists")
    return _Root(Path(os.path.abspath(folder)), place)  # noqa: PTH100 - as it was written, links not followed


def _read(root: Path, parts: tuple[str, ...], *, name: str) -> bytes | None:
    """A file's bytes; None where something else has taken its place since it was looked at."""
    with named_faults(Path(name), name=name), ExitStack() as opened:
        try:
            file = _open_below(root, parts, opened) if _OPENS_BELOW_DESCRIPTORS else _open_again(root, parts, opened)
        except PermissionError:
            raise
        except OSError:
            return None
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return None
        with open(file, "rb", closefd=False) as content:
            return content.read(check_size(status.st_size, name=name))


def _open_below(root: Path, parts: tuple[str, ...], opened: ExitStack) -> int:
    """Opens a file part by part, each in the folder that was opened before it, and none through a link."""
    folder = _kept(os.open(root, _FOLDER), opened)
    for part in parts[:-1]:
        folder = _kept(os.open(part, _FOLDER, dir_fd=folder), opened)
    return _kept(os.open(parts[-1], _FILE, dir_fd=folder), opened)


def _open_again(root: Path, parts: tuple[str, ...], opened: ExitStack) -> int:
    """Opens a file by its path, and looks whether that still leads where it did."""
    path = root.joinpath(*parts)
    file = _kept(os.open(path, _FILE), opened)
    if os.path.realpath(path, strict=True) != str(path) or not os.path.samestat(os.fstat(file), path.lstat()):
        raise FileNotFoundError(path)
    return file


def _kept(descriptor: int, opened: ExitStack) -> int:
    opened.callback(os.close, descriptor)
    return descriptor
