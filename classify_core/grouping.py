"""What one document is, when frameworks hand over its pages or chunks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any, Final, TypeAlias

from classify_core.errors import ClassifyError, InvalidOptionError
from classify_core.source import Source

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
        """What people call it: its file's name, else its source; an identifier, often made up at loading, is none."""
        named = next((self.metadata[key] for key in NAME_KEYS if self.metadata.get(key)), None)
        return None if named is None else str(named)


def grouped(items: Sequence[Item], group_by: GroupBy) -> list[list[int]]:
    """The indices of the items of each document, documents in the order of their first item, items in reading order.

    Raises:
        InvalidOptionError: a `group_by` function returned something that cannot be a key.
    """
    groups: dict[Hashable, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(_group_key(item, index, group_by), []).append(index)
    return [_in_reading_order(items, indices) for indices in groups.values()]


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


def _group_key(item: Item, index: int, group_by: GroupBy) -> Hashable:
    key = _key(item, group_by)
    if key is None or key == "":
        return ("alone", index)
    try:
        hash(key)
    except TypeError as error:
        raise InvalidOptionError(
            f"group_by gave a {type(key).__name__}, which cannot be a key; let it give a str or a tuple"
        ) from error
    return ("group", key)


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
    is_page = any(item.metadata.get(key) is not None for key in PAGE_KEYS)
    origin = next((item.metadata[key] for key in ORIGIN_KEYS if item.metadata.get(key)), None)
    if is_page and origin is not None:
        return ("origin", str(origin))
    return None if item.reference is None else ("reference", item.reference)


def _in_reading_order(items: Sequence[Item], indices: list[int]) -> list[int]:
    places = [_place(items[index]) for index in indices]
    if any(place is None for place in places):
        return indices
    return [index for _, index in sorted(zip(places, indices, strict=True), key=lambda pair: (pair[0], pair[1]))]


def _place(item: Item) -> tuple[int, int] | None:
    """Page and position; None where the item tells neither, or a page that is not a number (such as `iv`)."""
    page = next((item.metadata[key] for key in PAGE_KEYS if item.metadata.get(key) is not None), None)
    position = item.metadata.get(POSITION_KEY) if item.position is None else item.position
    if page is None and position is None:
        return None
    try:
        return int(page or 0), int(position or 0)
    except (TypeError, ValueError, OverflowError):
        return None


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
