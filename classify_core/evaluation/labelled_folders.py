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

    Raises:
        InvalidOptionError: a file lies in no type's folder, or a folder cannot be listed.
    """
    found = list(_files(folder, left_out))
    if loose := [path for path in found if len(path.relative_to(folder).parts) == 1]:
        names = ", ".join(repr(path.name) for path in loose[:_NAMES_SHOWN])
        more = f" and {len(loose) - _NAMES_SHOWN} more" if len(loose) > _NAMES_SHOWN else ""
        raise InvalidOptionError(
            f"{folder}: {names}{more} lies in no type's folder; move each file into the folder of its type, "
            "or into null/ where it has none"
        )
    return [_labelled(path, folder) for path in found]


def _files(folder: Path, left_out: Iterable[Path]) -> Iterator[Path]:
    for file in FileListing(left_out=left_out).files_at(str(folder)):
        if file.fault is not None:
            raise InvalidOptionError(f"{file.path}: {file.fault}")
        yield Path(file.path)


def _labelled(path: Path, folder: Path) -> WrittenLabel:
    below = path.relative_to(folder)
    name = below.as_posix()
    return WrittenLabel(Source.path(path, name=name), below.parts[0], name, place=f"folder {below.parts[0]}/")
