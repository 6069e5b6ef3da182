"""Which vector store a filter is for, told by name or by the store itself, whose package is never imported for it."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from langchain_core.retrievers import BaseRetriever

from classify_core.errors import InvalidOptionError
from langchain_classify.filtering.dialects import operators, qdrant
from langchain_classify.filtering.in_memory import DocumentFilter

if TYPE_CHECKING:
    from classify_core.filtering import LabelFilter

Dialect: TypeAlias = "Callable[[LabelFilter], Any]"

_QDRANT_METADATA_KEY: Final = "metadata"
"""The default of `QdrantVectorStore`."""


def _qdrant_of(store: object) -> Dialect:
    key = getattr(store, "metadata_payload_key", _QDRANT_METADATA_KEY)
    return lambda wanted: qdrant(wanted, key)


_DIALECTS: Final[Mapping[str, Callable[[object], Dialect]]] = {
    "memory": lambda _: DocumentFilter,
    "chroma": lambda _: operators,
    "qdrant": _qdrant_of,
    "pgvector": lambda _: operators,
}

# By package and class.
_CLASSES: Final[Mapping[tuple[str, str], str]] = {
    ("langchain_core", "InMemoryVectorStore"): "memory",
    ("langchain_chroma", "Chroma"): "chroma",
    ("langchain_qdrant", "QdrantVectorStore"): "qdrant",
    ("langchain_postgres", "PGVector"): "pgvector",
    ("langchain_postgres", "PGVectorStore"): "pgvector",
    ("langchain_postgres", "AsyncPGVectorStore"): "pgvector",
}


def dialect_of(store: object) -> Dialect:
    """What makes filters for a store.

    Args:
        store: a vector store of LangChain's, or a name.

    Raises:
        InvalidOptionError: it is none that we know; the message lists those, and the near matches.
    """
    name = store if isinstance(store, str) else _name_of(type(store))
    dialect = None if name is None else _DIALECTS.get(name)
    if dialect is None:
        raise InvalidOptionError(_unknown(store))
    return dialect(store)


def _name_of(store_class: type) -> str | None:
    """The name of a class of stores, or of one it descends from."""
    origins = ((base.__module__.partition(".")[0], base.__name__) for base in store_class.__mro__)
    return next((_CLASSES[origin] for origin in origins if origin in _CLASSES), None)


def _unknown(store: object) -> str:
    if isinstance(store, BaseRetriever):
        return f"store is a {type(store).__name__}; give the vector store that it searches, or one of {_listed()}"
    told = store if isinstance(store, str) else store.__name__ if isinstance(store, type) else type(store).__name__
    given = f"store={store!r} is not known" if isinstance(store, str) else f"store is a {told}, which is not known"
    near = _near(told)
    hint = f"; near is {' or '.join(map(repr, near))}" if near else ""
    return f"{given}{hint}; give a vector store ({', '.join(sorted(name for _, name in _CLASSES))}) or {_listed()}"


def _near(told: str) -> list[str]:
    """The names of stores that `told` may mean: a name, or a class of another package."""
    known = {name.casefold(): name for name in _DIALECTS} | {name.casefold(): of for (_, name), of in _CLASSES.items()}
    close = difflib.get_close_matches(told.casefold(), known, n=3, cutoff=0.6)
    return list(dict.fromkeys(known[one] for one in close))


def _listed() -> str:
    return ", ".join(map(repr, _DIALECTS))
