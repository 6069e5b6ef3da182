"""What a tracer may know of an input of a run: kind, name, size and digest of a document, never its text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from langchain_core.documents import Document

from classify_core.background import in_thread
from classify_core.errors import InvalidOptionError
from classify_core.source import HASHED_AT_ONCE_BYTES, Source
from langchain_classify.references import MAX_TRACED, source_of

_NO_DOCUMENT: Final[dict[str, Any]] = {"kind": "invalid", "name": None}


def reference_to(value: Any) -> dict[str, Any]:
    """What a tracer may know of an input: of a document, of the first hundred of a list, of what is neither."""
    if isinstance(value, (list, tuple)):
        return {"count": len(value), "documents": [reference_to(item) for item in value[:MAX_TRACED]]}
    try:
        return source_of(value).reference
    except InvalidOptionError:  # raised again by whoever is to classify it
        return _NO_DOCUMENT


async def areference_to(value: Any) -> dict[str, Any]:
    """The same; a large document, or a list, is hashed in a thread, not on the running loop."""
    return await in_thread(reference_to, value) if _takes_time(value) else reference_to(value)


def _takes_time(value: Any) -> bool:
    if isinstance(value, Document):
        value = value.page_content
    elif isinstance(value, Source):
        value = value.value
    return isinstance(value, (list, tuple)) or (isinstance(value, (str, bytes)) and len(value) > HASHED_AT_ONCE_BYTES)


def listed(values: Any) -> list[Any]:
    """The inputs of a batch.

    Raises:
        InvalidOptionError: it is a single document, whose characters or fields would be classified one by one.
    """
    if isinstance(values, (str, bytes, bytearray, memoryview, Mapping)) or not isinstance(values, Collection):
        raise InvalidOptionError(f"a {type(values).__name__} was given; give a list of documents")
    return list(values)
