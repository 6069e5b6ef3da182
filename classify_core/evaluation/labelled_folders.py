"""Labelled documents in folders: one folder a type, whose name is the label of all files below it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.written import WrittenLabel
from classify_core.file_listing import FileListing
from classify_core.source import Source

_NAMES_SHOWN: Final = 3


def written_in_folders(folder: Path, *, left_out: Iterable[Path] = ()) -> list[WrittenLabel]:
    """The files below the folders of a folder, by name; hidden ones are passed over.

    A type's folder may be a link; below it only links to files are followed.

    Raises:
        InvalidOptionError: a file lies in no type's folder, or a folder cannot be listed.
    """
    passed_over = list(left_out)
    # Each by a listing of its own: a file that lies in two folders, as links do, is a contradiction to be told.
    found = [path for entry in _visible(folder) for path in _files(entry, passed_over)]
    if loose := [path for path in found if len(path.relative_to(folder).parts) == 1]:
        names = ", ".join(repr(path.name) for path in loose[:_NAMES_SHOWN])
        more = f" and {len(loose) - _NAMES_SHOWN} more" if len(loose) > _NAMES_SHOWN else ""
        raise InvalidOptionError(
            f"{folder}: {names}{more} {'lies' if len(loose) == 1 else 'lie'} in no type's folder; move each file into "
            "the folder of its type, or into null/ where it has none"
        )
    return [_labelled(path, folder) for path in found]


def _visible(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise InvalidOptionError(f"{folder}: cannot list it: {error.strerror or type(error).__name__}") from None


def _files(entry: Path, left_out: Iterable[Path]) -> Iterator[Path]:
    for file in FileListing(left_out=left_out).files_at(str(entry)):
        if file.fault is not None:
            raise InvalidOptionError(f"{file.path}: {file.fault}")
        yield Path(file.path)


def _labelled(path: Path, folder: Path) -> WrittenLabel:
    below = path.relative_to(folder)
    name = below.as_posix()
    return WrittenLabel(Source.path(path, name=name), below.parts[0], name, place=f"folder {below.parts[0]}/")
