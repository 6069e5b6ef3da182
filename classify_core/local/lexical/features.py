"""A document's terms: how often and how prominently each stands in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classify_core.local.lexical.terms import occurrences, without_format_characters

if TYPE_CHECKING:
    from collections.abc import Container

    from classify_core.engine import ParsedDocument
    from classify_core.local.lexical.rules import Term

MAX_CHARACTERS_READ = 100_000
"""Characters of a long document that are read: its beginning, middle and end, in the shares below."""

_BEGINNING_SHARE = 0.6
_MIDDLE_SHARE = 0.2
_PROMINENT_CHARACTERS = 600
_MOST_HEADINGS = 50
_TITLE_WEIGHT = 3.0
_HEADING_WEIGHT = 2.0
_PROMINENT_WEIGHT = 3.0
_BODY_WEIGHT = 1.0
_FORMAT_WEIGHT = 6.0
# What a format is called in words. Only formats that are themselves a kind of document; a PDF can hold anything.
_FORMAT_NAMES = {
    "csv": "csv table tabular data spreadsheet",
    "tsv": "tsv table tabular data spreadsheet",
    "xlsx": "excel table tabular data spreadsheet",
    "xls": "excel table tabular data spreadsheet",
    "ods": "table tabular data spreadsheet",
    "eml": "email mail message",
    "msg": "email mail message",
    "pptx": "presentation slides",
    "ppt": "presentation slides",
    "epub": "book ebook",
}


@dataclass(slots=True)
class Found:
    """One term in one document.

    Attributes:
        weight: its occurrences, those in title, headings and beginning counting more.
        quote: the words of its most prominent occurrence, as written; empty where only the format stands for it.
    """

    weight: float = 0.0
    quote: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Features:
    """The terms of a document that some rule looks for.

    Attributes:
        found: each such term with its weight and a quote.
        length: all terms of the document, looked for or not.
    """

    found: dict[Term, Found]
    length: int


def features_of(document: ParsedDocument, wanted: Container[Term]) -> Features:
    """Returns how prominently the wanted terms stand in a document."""
    found: dict[Term, Found] = {}
    length = 0
    for text, weight in _zones(document):
        length += _count(text, weight, wanted, found)
    for occurrence in occurrences(_FORMAT_NAMES.get(document.format, "")):
        if occurrence.term in wanted:
            found.setdefault(occurrence.term, Found()).weight += _FORMAT_WEIGHT
    return Features(found, length)


def _zones(document: ParsedDocument) -> list[tuple[str, float]]:
    """Returns pieces of text with the weight of each; no pair of words spans two of them."""
    first, *others = sample(document.text)
    cut = _PROMINENT_CHARACTERS
    if len(first) > cut:
        following = first.find(" ", cut)
        cut = following if 0 <= following < cut + 50 else cut
    headings = [(heading, _HEADING_WEIGHT) for heading in document.headings[:_MOST_HEADINGS]]
    title = (document.title or "", _TITLE_WEIGHT)
    rest = [(text, _BODY_WEIGHT) for text in (first[cut:], *others)]
    return [title, *headings, (first[:cut], _PROMINENT_WEIGHT), *rest]


def _count(text: str, weight: float, wanted: Container[Term], found: dict[Term, Found]) -> int:
    length = 0
    previous = None
    for occurrence in occurrences(text, wanted):
        length += 1
        if occurrence.term in wanted:
            _add(found, occurrence.term, weight, text[occurrence.start : occurrence.end])
        if previous is not None and (pair := (previous.term, occurrence.term)) in wanted:
            _add(found, pair, weight, text[previous.start : occurrence.end])
        previous = occurrence
    return length


def _add(found: dict[Term, Found], term: Term, weight: float, quote: str) -> None:
    entry = found.setdefault(term, Found(quote=" ".join(without_format_characters(quote).split())))
    entry.weight += weight


def sample(text: str) -> tuple[str, ...]:
    """Returns the text, or of a long one its beginning, middle and end, `MAX_CHARACTERS_READ` together."""
    if len(text) <= MAX_CHARACTERS_READ:
        return (text,)
    beginning = int(MAX_CHARACTERS_READ * _BEGINNING_SHARE)
    middle = int(MAX_CHARACTERS_READ * _MIDDLE_SHARE)
    end = MAX_CHARACTERS_READ - beginning - middle
    middle_start = (len(text) - middle) // 2
    return (text[:beginning], text[middle_start : middle_start + middle], text[-end:])
