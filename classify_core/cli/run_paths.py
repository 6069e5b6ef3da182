"""Which files the PATHs of a command line stand for: files, folders, patterns and standard input."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path, PurePath
from typing import Final

from classify_core.errors import InvalidOptionError

STANDARD_INPUT: Final = "-"

_PATTERN_CHARACTERS: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Found:
    """One document that a PATH stands for.

    Attributes:
        path: its file, as far below the PATH as it is; `-` for standard input.
        fault: why the files of this folder are not known; None for a document.
        is_standard_input: whether `-` is not a file of that name.
    """

    path: str
    fault: str | None = None
    is_standard_input: bool = False


def find(
    arguments: Iterable[str], *, left_out: Iterable[Path] = (), nothing_at: Callable[[str], None] = lambda _: None
) -> Iterator[Found]:
    """Yields the documents in the order of the PATHs, below a folder by name; each file once.

    Args:
        arguments: the PATHs. A file is taken whatever it is called and whether it exists or not; below a folder
            and by a pattern, hidden files and folders are passed over. A link to a file is that file; a link to a
            folder is followed only where it is a PATH itself.
        left_out: files that are no documents, such as the results'.
        nothing_at: called with each PATH that stands for no document.

    Raises:
        InvalidOptionError: a PATH is empty or a pattern that cannot work.
    """
    seen = {os.path.realpath(path) for path in left_out}
    for argument in arguments:
        is_empty = True
        for found in _meant_by(argument):
            is_empty = False
            identity = STANDARD_INPUT if found.is_standard_input else os.path.realpath(found.path)
            if identity not in seen:
                seen.add(identity)
                yield found
        if is_empty:
            nothing_at(argument)


def _meant_by(argument: str) -> Iterator[Found]:
    if argument == STANDARD_INPUT:
        return iter([Found(STANDARD_INPUT, is_standard_input=True)])
    if not argument:
        raise InvalidOptionError("a PATH is empty; give . for the current folder")
    if _PATTERN_CHARACTERS.isdisjoint(argument) or os.path.lexists(argument):
        return _file_or_below(argument)
    return _matching(argument)


def _file_or_below(path: str) -> Iterator[Found]:
    return _below(path) if _is_folder(path) else iter([_found(path)])


def _below(folder: str) -> Iterator[Found]:
    """The files below a folder; with a stack, since folders may be nested deeper than calls may."""
    stack = [iter([folder])]
    while stack:
        path = next(stack[-1], None)
        if path is None:
            stack.pop()
        elif not _is_folder(path):
            yield _found(path)
        elif path == folder or not Path(path).is_symlink():
            try:
                stack.append(iter(_visible_in(path)))
            except OSError as error:
                yield _found(path, fault=f"cannot list the folder: {error.strerror or type(error).__name__}")


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:  # what cannot be looked at cannot be listed either; reading it will say why
        return False


def _visible_in(folder: str) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.path for entry in entries if not entry.name.startswith("."))


def _matching(pattern: str) -> Iterator[Found]:
    """The files that match a pattern, and those below the folders that do."""
    parts = PurePath(pattern).parts
    fixed = list(takewhile(_PATTERN_CHARACTERS.isdisjoint, parts))
    varying = parts[len(fixed) :]
    base = Path(*fixed)
    try:
        matches = sorted(map(str, base.glob("/".join(varying))))
    except ValueError as error:  # such as ** beside other characters
        raise InvalidOptionError(f"{pattern!r} is no pattern that can be searched for: {error}") from None
    names_hidden = any(part.startswith(".") for part in varying)
    for path in matches:
        if names_hidden or not _is_hidden(Path(path).relative_to(base)):
            yield from _file_or_below(path)


def _is_hidden(path: PurePath) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _found(path: str, *, fault: str | None = None) -> Found:
    return Found(str(PurePath(path)), fault)
