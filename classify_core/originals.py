"""What of a document is classified: the text that its items hold, or the original behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from classify_core.errors import ClassifyError
from classify_core.grouping import Item, joined_text
from classify_core.labels import SourceChoice
from classify_core.source import Source

FILE_KEY: Final = "file_path"
FILE_ID_KEY: Final = "file_id"
PARSE_JOB_KEY: Final = "parse_job_id"
"""Metadata keys that name an original. What the service parsed already comes first: its pages are not billed again."""


def source_of(
    items: Sequence[Item], indices: Sequence[int], *, choice: SourceChoice, allow_remote: bool
) -> Source | ClassifyError:
    """What is classified for one document; or why it cannot be had.

    Args:
        items: what a framework handed over.
        indices: the items of the document, in reading order.
        choice: with `"file"` the original that the items' metadata names, all of them the same; their text where they
            name none or several.
        allow_remote: whether an identifier of the hosted service names an original too.
    """
    first = items[indices[0]]
    if first.source is not None and len(indices) == 1:
        return first.source
    original = _original(items, indices, allow_remote=allow_remote) if choice == "file" else None
    return Source.text(joined_text(items, indices), name=first.display_name) if original is None else original


def _original(items: Sequence[Item], indices: Sequence[int], *, allow_remote: bool) -> Source | None:
    name = items[indices[0]].display_name
    for key, make in (_REMOTE | _LOCAL if allow_remote else _LOCAL).items():
        named = {_named(items[index].metadata, key) for index in indices}
        value = named.pop() if len(named) == 1 else None
        if value is not None:
            return make(value, name=name)
    return None


def _named(metadata: Mapping[str, Any], key: str) -> str | None:
    value = str(metadata.get(key) or "")
    prefix = _PREFIXES.get(key)
    is_usable = bool(value) and (prefix is None or value.startswith(prefix) or _is_uuid(value))
    return value if is_usable else None


def _is_uuid(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False


# Other products write keys of these names too: only what looks like the service's identifiers is one.
_PREFIXES: Final = {FILE_ID_KEY: "dfl-", PARSE_JOB_KEY: "pjb-"}
_REMOTE: Final[dict[str, Callable[..., Source]]] = {PARSE_JOB_KEY: Source.parse_job, FILE_ID_KEY: Source.file_id}
_LOCAL: Final[dict[str, Callable[..., Source]]] = {FILE_KEY: Source.path}
