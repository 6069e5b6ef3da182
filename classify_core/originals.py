"""What of a document is classified: the text that its items hold, or the original behind them."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Sequence
from typing import Final
from urllib.request import url2pathname

from classify_core.errors import ClassifyError, UnreadableDocumentError
from classify_core.grouping import Item, first_named, joined_text
from classify_core.labels import SourceChoice
from classify_core.source import Source

FILE_KEY: Final = "file_path"
# LangChain's loaders write the path here; other ones an address, a title, an identifier.
SOURCE_KEY: Final = "source"
FILE_ID_KEY: Final = "file_id"
PARSE_JOB_KEY: Final = "parse_job_id"

# Other products write keys of these names too, such as a drive's own `file_id`: only the service's identifiers count.
FILE_ID_PREFIX: Final = "dfl-"
PARSE_JOB_PREFIX: Final = "pjb-"


def original_of(
    items: Sequence[Item], indices: Sequence[int], *, choice: SourceChoice, allow_remote: bool
) -> Source | ClassifyError | None:
    """The original that is classified for one document, why it cannot be had, or None: its text is classified.

    A file is named and not read: that is done, away from any running loop, when it is classified.

    Args:
        items: what a framework handed over.
        indices: the items of the document, in reading order.
        choice: with `"file"` the original that the items' metadata names, all of them the same; their text where they
            name none or several.
        allow_remote: whether an identifier of the hosted service names an original too. What the service parsed already
            comes first, since its pages are not billed again, then what it has, then the file on this machine:
            `file_path`, which cannot be anything else, or `source`, where there is a file of that name.
    """
    first = items[indices[0]]
    if first.source is not None and len(indices) == 1:
        return first.source
    if choice == "text":
        return None
    return _original([items[index] for index in indices], allow_remote=allow_remote)


def text_of(items: Sequence[Item], indices: Sequence[int]) -> Source:
    """The text of one document, that of its items."""
    return Source.text(joined_text(items, indices), name=items[indices[0]].display_name)


def _original(items: Sequence[Item], *, allow_remote: bool) -> Source | ClassifyError | None:
    for key, make in (_REMOTE | _LOCAL if allow_remote else _LOCAL).items():
        named = {first_named(item.metadata, (key,)) or "" for item in items}
        original = make(named.pop(), items[0].display_name) if len(named) == 1 else None
        if original is not None:
            return original
    return None


def _parse_job(identifier: str, name: str | None) -> Source | None:
    return Source.parse_job(identifier, name=name) if identifier.startswith(PARSE_JOB_PREFIX) else None


def _file_of_service(identifier: str, name: str | None) -> Source | None:
    return Source.file_id(identifier, name=name) if identifier.startswith(FILE_ID_PREFIX) else None


def _file(place: str, name: str | None) -> Source | UnreadableDocumentError | None:
    """A file on this machine: a path, a relative one from the working directory, or a `file://` address."""
    if not place:
        return None
    scheme, separator, rest = place.partition("://")
    if not separator:
        return Source.path(place, name=name)
    host, slash, path = rest.partition("/")
    if scheme.lower() == "file" and host in {"", "localhost"}:
        return Source.path(url2pathname(slash + path), name=name)
    # Only the scheme is told: an address may hold credentials or a signature.
    return UnreadableDocumentError(
        f"its {FILE_KEY} is an address ({scheme}://...) and no file on this machine; copy the file here, or classify "
        'the text that was read of it: source="text"',
        source_name=name,
    )


def _existing_file(place: str, name: str | None) -> Source | None:
    """The file that `source` names; None where there is none, since the word may stand for anything."""
    named = _file(place, name)
    # Unlike Path.is_file, isfile takes a word too long for a file's name for what it is: no file.
    return named if isinstance(named, Source) and os.path.isfile(str(named.value)) else None  # noqa: PTH113 - see above


_REMOTE: Final[dict[str, Callable[[str, str | None], Source | ClassifyError | None]]] = {
    PARSE_JOB_KEY: _parse_job,
    FILE_ID_KEY: _file_of_service,
}
_LOCAL: Final[dict[str, Callable[[str, str | None], Source | ClassifyError | None]]] = {
    FILE_KEY: _file,
    SOURCE_KEY: _existing_file,
}
