"""Keys for LangChain's `index()` and `aindex()`: what is labelled again is not embedded again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Final
from uuid import UUID

from langchain_core.documents import Document

from classify_core.errors import InvalidOptionError
from classify_core.metadata import ALL_KEYS, MetadataKey, MetadataSchema

_UUID_BYTES: Final = 16


@dataclass(frozen=True)
class LabelKeyEncoder:
    """Makes the key by which a record manager knows a document: `index(..., key_encoder=LabelKeyEncoder())`.

    >>> encoder = LabelKeyEncoder()
    >>> before = Document("Invoice 7", metadata={"classify_type": "invoice", "classify_confidence": 0.8})
    >>> surer = Document("Invoice 7", metadata={"classify_type": "invoice", "classify_confidence": 0.9})
    >>> encoder(before) == encoder(surer)
    True

    LangChain's own encoders count all metadata: another confidence, reasoning or job, and the document is embedded
    again. This one counts the text, the metadata that is no label's, and of a label what `by` names; by default the
    type, since filters use it. So a document is embedded anew, and by `cleanup` its former version deleted, where its
    text, its other metadata or its type changed, and where it could not be classified and now could be, or the reverse.

    Where nothing else of a label changed than what is not counted, `index` leaves the document in the store as it is,
    with the former confidence, reasoning, status, backend, job and rules in its metadata: a filter or a threshold finds
    the former values. `by=("type", "confidence")` counts the confidence too.

    A key is a UUID, as some stores want their identifiers, and the same in every process. LangChain's own encoders and
    another `by` make other keys: the first run over an index that was made with those embeds everything.

    Args:
        prefix: of the labels' keys; several where several classifiers write side by side.
        by: the keys of a label, without the prefix, that count.

    Raises:
        InvalidOptionError: `by` names what is no key of a label.
        ValidationError: a prefix that no label can have.
    """

    prefix: str | Sequence[str] = "classify_"
    _: KW_ONLY
    by: MetadataKey | Sequence[MetadataKey] = ("type",)
    _uncounted: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        counted = _checked(_each(self.by))
        schemas = [MetadataSchema(prefix=prefix) for prefix in _each(self.prefix)]
        uncounted = {schema.key(key) for schema in schemas for key in ALL_KEYS if key not in counted}
        object.__setattr__(self, "_uncounted", frozenset(uncounted))

    def __call__(self, document: Document) -> str:
        """The document's key.

        Raises:
            InvalidOptionError: its metadata holds what JSON cannot.
        """
        counted = {name: value for name, value in document.metadata.items() if name not in self._uncounted}
        encoded = json.dumps([document.page_content, _as_json(counted)])
        return str(UUID(bytes=hashlib.blake2b(encoded.encode(), digest_size=_UUID_BYTES).digest()))


def _each(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _checked(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        if key not in ALL_KEYS:
            raise InvalidOptionError(f"by: a label has no key {key!r}; it has {', '.join(ALL_KEYS)}")
    return keys


def _as_json(metadata: Mapping[str, Any]) -> str:
    """The metadata as one text, whatever its order."""
    try:
        return json.dumps(metadata, sort_keys=True)
    except (TypeError, ValueError):
        raise InvalidOptionError(
            f"a document's metadata has no form in JSON ({_culprit(metadata)}), and so no key that is the same in the "
            "next run; write text or numbers there before it is indexed"
        ) from None


def _culprit(metadata: Mapping[str, Any]) -> str:
    for name, value in metadata.items():
        if not _is_json(value):
            return f"under {name!r} is a {type(value).__name__}"
    return "its names are not all strings"


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return False
    return True
