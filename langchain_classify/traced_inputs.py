"""An input in the form that LangChain's own runs may record.

`with_retry`, `with_fallbacks` and `map` open runs of LangChain's with whatever they are given. So they are given a
reference in place of a document; it leads back to the document for whoever asks, and no record of it does.
"""

from __future__ import annotations

from typing import Any, Final

from classify_core.errors import InvalidOptionError
from langchain_classify.references import source_of

NO_DOCUMENT: Final[dict[str, Any]] = {"kind": "invalid", "name": None}
"""What is told of an input that is no document."""


class TracedReference(dict[str, Any]):
    """Kind, name, size and digest of a document, which itself is `given`.

    A dict, because tracers keep one as it is, and because fallbacks with an `exception_key` write into one.
    """

    def __init__(self, given: Any) -> None:
        super().__init__(_reference_of(given))
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


def _reference_of(value: Any) -> dict[str, Any]:
    try:
        return source_of(value).reference
    except InvalidOptionError:  # raised again by whoever is to classify it
        return NO_DOCUMENT
