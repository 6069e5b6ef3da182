"""The documents of a run, opened one by one as they are needed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from classify_core.cli.run_paths import Found
from classify_core.errors import ClassifyError, UnreadableDocumentError
from classify_core.files import MAX_FILE_BYTES, check_readable, check_size
from classify_core.source import Source


@dataclass(frozen=True, slots=True)
class Input:
    """One document of a run.

    Attributes:
        path: what the results call it.
        source: the document, or why it cannot be read.
    """

    path: str
    source: Source | ClassifyError


def inputs_of(found: Iterable[Found], *, name: str | None) -> Iterator[Input]:
    """Yields what is to be classified.

    Args:
        found: the files.
        name: what standard input is called; its ending tells its format.
    """
    for each in found:
        if each.is_standard_input:
            yield Input(writable(name or each.path), _standard_input(name))
        elif each.fault is not None:
            yield Input(writable(each.path), UnreadableDocumentError(each.fault, source_name=each.path))
        else:
            yield Input(writable(each.path), Source.path(each.path))


def digest_of(source: Source) -> str | None:
    """SHA-256 of a document, as its result tells it; None where it cannot be read, which its outcome will explain."""
    if source.kind != "path":
        return str(source.reference["digest"])
    path: Path = source.value
    try:
        check_readable(path, name=source.name)
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, UnreadableDocumentError):
        return None


def writable(text: str) -> str:
    r"""The text as UTF-8 can hold it: bytes of a file name that are no UTF-8 become `\udc..`."""
    return text.encode("utf-8", "backslashreplace").decode()


def _standard_input(name: str | None) -> Source | ClassifyError:
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    try:
        check_size(len(data), name=name)
    except UnreadableDocumentError as error:
        return error
    return Source.bytes(data, name=name)
