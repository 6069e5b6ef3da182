"""What one document is, when frameworks hand over its pages or chunks."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, TypeAlias

from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.source import Source, name_in

GroupBy: TypeAlias = str | Callable[[Any], Hashable] | None
"""`"auto"`, a metadata key, a function of the framework's own document, or None: each alone."""

PAGE_KEYS: Final = ("page_label", "page")
ORIGIN_KEYS: Final = ("file_path", "source")
POSITION_KEY: Final = "start_index"
NAME_KEYS: Final = ("file_name", "file_path", "source")


@dataclass(frozen=True, slots=True)
class Item:
    """One node or document as a framework hands it over.

    Attributes:
        text: its text without metadata.
        metadata: its metadata; never changed.
        original: the framework's own object, for a `group_by` function.
        reference: a node's source document, where it has one.
        position: where in its page or document it begins, in characters, where known.
        source: the original document, where it is at hand: it tells more than its text; or why it could not be had.
    """

    text: str = field(repr=False)
    metadata: Mapping[str, Any] = field(repr=False)
    original: Any = field(default=None, repr=False)
    reference: str | None = None
    position: int | None = None
    source: Source | ClassifyError | None = None

    @property
    def display_name(self) -> str | None:
        """What people call it: its file's name, else that in its source; an identifier, often made up, is none."""
        named = first_named(self.metadata, NAME_KEYS)
        return None if named is None else name_in(named)


def page_of(metadata: Mapping[str, Any]) -> Any:
    """The page that metadata tells, whatever it is numbered by; None where it is no page's."""
    for key in PAGE_KEYS:
        page = metadata.get(key)
        if page is not None and not _is_nan(page):
            return page
    return None


def origin_of(metadata: Mapping[str, Any]) -> str | None:
    """The file or address that metadata names."""
    return first_named(metadata, ORIGIN_KEYS)


def first_named(metadata: Mapping[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of `keys` under which a text, a path or a number stands; a list or a table's empty cell names nothing.

    What else may stand there, such as an array, has no one truth to ask for.
    """
    # Loops, here and in `page_of`, because both are asked of each of many nodes: a generator takes three times as long.
    for key in keys:
        value = metadata.get(key)
        if isinstance(value, str):
            if value:
                return value
        elif isinstance(value, (int, os.PathLike)):
            return str(value)
    return None


def grouped(items: Sequence[Item], group_by: GroupBy) -> list[list[int]]:
    """The indices of the items of each document, documents in the order of their first item, items in reading order.

    Raises:
        InvalidOptionError: a `group_by` function returned something that cannot be a key.
    """
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        key = document_key(item, group_by)
        groups.setdefault(("alone", index) if key is None else ("together", key), []).append(index)
    return [_in_reading_order(items, indices) for indices in groups.values()]


def document_key(item: Item, group_by: GroupBy) -> Hashable | None:
    """What the items of one document have in common; None where an item is one by itself.

    Raises:
        InvalidOptionError: a `group_by` function returned something that cannot be a key.
    """
    key = _key(item, group_by)
    if key is None or _is_nan(key) or (isinstance(key, str) and not key):
        return None
    try:
        hash(key)
    except TypeError as error:
        raise InvalidOptionError(
            f"group_by gave a {type(key).__name__}, which cannot be a key; let it give a str or a tuple"
        ) from error
    return key  # type: ignore[no-any-return]  # it was just hashed


def joined_text(items: Sequence[Item], indices: Sequence[int]) -> str:
    """A document's text: that of its items, a blank line between them."""
    return "\n\n".join(items[index].text for index in indices)


def identity_of(group_by: GroupBy) -> str | None:
    """A stable name of a `group_by`, also of a function: two different functions never share one.

    LlamaIndex strips addresses from what it hashes, so that a function's repr would be the same for all.
    """
    if not callable(group_by):
        return group_by
    name = f"{getattr(group_by, '__module__', '')}:{getattr(group_by, '__qualname__', type(group_by).__qualname__)}"
    return f"{name}:{hashlib.sha256(_described(group_by, ()).encode()).hexdigest()[:16]}"


def _key(item: Item, group_by: GroupBy) -> Any:
    if group_by is None:
        return None
    if group_by == "auto":
        return _automatic_key(item)
    if callable(group_by):
        return group_by(item.original)
    return item.metadata.get(group_by)


def _automatic_key(item: Item) -> Any:
    # A page's file comes before a chunk's source document: readers make each page of a file a document of its own.
    origin = None if page_of(item.metadata) is None else origin_of(item.metadata)
    if origin is not None:
        return ("origin", origin)
    return None if item.reference is None else ("reference", item.reference)


def _in_reading_order(items: Sequence[Item], indices: list[int]) -> list[int]:
    """File by file and source document by source document, as they were given; within each by page and position."""
    files, references = dict[str | None, int](), dict[str | None, int]()
    places: dict[int, tuple[int, ...]] = {}
    for index in indices:
        item = items[index]
        place = _place(item)
        if place is None:
            return indices
        file = files.setdefault(origin_of(item.metadata), len(files))
        reference = references.setdefault(item.reference, len(references))
        # A page comes before its source document: readers make each page of a file a document of its own.
        places[index] = (file, place[0], reference, place[1])
    return sorted(indices, key=places.__getitem__)


def _place(item: Item) -> tuple[int, int] | None:
    """Page and position; None where the item tells neither, or a page that is not a number (such as `iv`)."""
    page = page_of(item.metadata)
    position = item.metadata.get(POSITION_KEY) if item.position is None else item.position
    if page is None and position is None:
        return None
    try:
        return int(page or 0), int(position or 0)
    except (TypeError, ValueError, OverflowError):
        return None


def _is_nan(value: Any) -> bool:
    """Whether it is what a table's empty cell becomes: no key and no page."""
    return isinstance(value, float) and math.isnan(value)


def _described(value: Any, inside: tuple[int, ...]) -> str:
    """What a function does and with which values, the same in every process: no address and no order of a set."""
    if id(value) in inside:
        return "itself"
    parts = [_described(part, (*inside, id(value))) for part in _parts(value)]
    if isinstance(value, AbstractSet):
        parts.sort()
    named = getattr(value, "__qualname__", type(value).__qualname__)
    return f"{type(value).__name__} {named}({', '.join(parts)})" if parts else repr(value)


def _parts(value: Any) -> list[Any]:
    """What tells a function or a container from another; other objects count by their repr, at worst an address."""
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        return [value.__code__, value.__defaults__, value.__kwdefaults__, *cells]
    if isinstance(value, CodeType):
        return [value.co_code, value.co_names, value.co_varnames, value.co_consts]
    if isinstance(value, (AbstractSet, tuple, list)):
        return list(value)
    if isinstance(value, Mapping):
        return list(value.items())
    return _parts_of_callable(value) if callable(value) else []


def _parts_of_callable(value: Any) -> list[Any]:
    if isinstance(value, partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, MethodType):
        return [value.__func__, value.__self__]
    return [] if isinstance(value, type) else list(getattr(value, "__dict__", {}).items())
