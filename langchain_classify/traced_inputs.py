"""An input in the form that LangChain's own runs may record.

`with_retry`, `with_fallbacks` and `map` open runs of LangChain's with whatever they are given. So they are given a
reference in place of a document; it leads back to the document for whoever asks, and no record of it does.
"""

from __future__ import annotations

from typing import Any, Final

from classify_core.background import in_thread
from classify_core.errors import InvalidOptionError
from classify_core.source import HASHED_AT_ONCE_BYTES, Source
from langchain_classify.references import MAX_TRACED, source_of

_NO_DOCUMENT: Final[dict[str, Any]] = {"kind": "invalid", "name": None}


class TracedReference(dict[str, Any]):
    """Kind, name, size and digest of a document, which itself is `given`.

    A dict, because tracers keep one as it is, and because fallbacks with an `exception_key` write into one.
    """

    def __init__(self, given: Any) -> None:
        super().__init__(reference_to(given))
        self.given = given

    @property
    def errors(self) -> dict[str, Any]:
        """What fallbacks wrote into it."""
        return {name: value for name, value in self.items() if isinstance(value, BaseException)}

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)  # a pickle or a copy is a record, and holds no text


def traced(value: Any) -> Any:
    """The reference in place of an input, or of each input in a list."""
    if isinstance(value, (list, tuple)):
        return [traced(item) for item in value]
    return value if isinstance(value, TracedReference) else TracedReference(value)


def given(value: Any) -> Any:
    """The input that a reference was made of; any other value as it is."""
    return value.given if isinstance(value, TracedReference) else value


def revealed(value: Any) -> Any:
    """The same for a runnable that is not ours: with the error, where it asked for that by `exception_key`."""
    if isinstance(value, list):
        return [revealed(item) for item in value]
    if isinstance(value, TracedReference) and value.errors:
        return {"input": value.given, **value.errors}
    return given(value)


def reference_to(value: Any) -> dict[str, Any]:
    """What a tracer may know of an input: of a document, of the first hundred of a list, of what is neither."""
    if isinstance(value, (list, tuple)):
        return {"count": len(value), "documents": [dict(traced(item)) for item in value[:MAX_TRACED]]}
    try:
        return source_of(given(value)).reference
    except InvalidOptionError:  # raised again by whoever is to classify it
        return _NO_DOCUMENT


async def areference_to(value: Any) -> dict[str, Any]:
    """The same; a large document is hashed in a thread, not on the running loop."""
    if isinstance(value, Source) and isinstance(value.value, (str, bytes)) and len(value.value) > HASHED_AT_ONCE_BYTES:
        return await in_thread(reference_to, value)
    return reference_to(value)
