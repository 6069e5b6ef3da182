"""Whether a quote really stands in a text, however a model writes quotation marks, dashes and white space."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LEAST_SUBSTANCE: Final = 3
"""Letters and digits that a quote must have to prove anything; a character of a script without spaces counts twice."""

_QUOTATION_MARKS: Final = "\"'`´‘’‚‛“”„‟‹›«»′″"  # noqa: RUF001 - these very characters
_INVISIBLE = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_LINE_END_HYPHEN = re.compile(r"(?<=\w)-[ \t]*\r?\n\s*(?=\w)")
# White space, and the marks of Markdown and of tables, which models leave out.
_SEPARATORS = re.compile(r"[\s*_#|~\\]+")
_CHARACTERS = str.maketrans(dict.fromkeys(_QUOTATION_MARKS, "'") | dict.fromkeys("‐‑‒–—―−", "-"))  # noqa: RUF001 - the same
_AROUND = "'-.,;: "  # what models put around a quote


def stands_in(quote: str, text: str) -> bool:
    """Whether a text has the quote in it, word for word; words that the text breaks at a line's end are whole too."""
    wanted = _plain(quote).strip(_AROUND)
    joined = (_LINE_END_HYPHEN.sub(hyphen, text) for hyphen in ("", "-"))
    return any(wanted in _plain(variant) for variant in (text, *joined))


def has_substance(quote: str) -> bool:
    """Whether a quote says enough to be evidence; a single letter stands in every document."""
    return sum(_substance(character) for character in _plain(quote)) >= LEAST_SUBSTANCE


def _plain(text: str) -> str:
    marked = _INVISIBLE.sub("", text).translate(_CHARACTERS)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", marked).casefold())
    return _SEPARATORS.sub(" ", folded).strip()


def _substance(character: str) -> int:
    if not character.isalnum():
        return 0
    return 2 if unicodedata.east_asian_width(character) == "W" else 1
