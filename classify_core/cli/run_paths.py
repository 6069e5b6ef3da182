"""Which documents the PATHs of a command line stand for: files, folders, patterns and standard input."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from classify_core.file_listing import FileListing

STANDARD_INPUT: Final = "-"


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
    """Yields the documents in the order of the PATHs, below a folder by name; each file, and standard input, once.

    Args:
        arguments: the PATHs, as `FileListing` takes them, and `-`.
        left_out: files that are no documents, such as the results'.
        nothing_at: called with each PATH that stands for no document.

    Raises:
        InvalidOptionError: a PATH is empty or a pattern that cannot work.
    """
    listing = FileListing(left_out=left_out, nothing_at=nothing_at)
    is_taken = False
    for argument in arguments:
        if argument != STANDARD_INPUT:
            for file in listing.files_at(argument):
                yield Found(file.path, file.fault)
        elif not is_taken:
            is_taken = True
            yield Found(STANDARD_INPUT, is_standard_input=True)
