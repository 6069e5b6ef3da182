"""A document's terms: how often and how prominently each that some rule looks for stands in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from classify_core.local.lexical.stop_words import STOP_WORDS
from classify_core.local.lexical.terms import terms_of, words_of

if TYPE_CHECKING:
    from classify_core.local.lexical.reading import Reading, Zone
    from classify_core.local.lexical.rules import CompiledRules, Term

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


@dataclass(frozen=True, slots=True)
class Features:
    """The terms of a document that some rule looks for.

    Attributes:
        weights: of each such term its occurrences, those in title, headings and beginning counting more.
        length: all terms of the document, looked for or not.
    """

    weights: dict[Term, float]
    length: int


def features_of(reading: Reading, compiled: CompiledRules) -> Features:
    """Returns how prominently the rules' terms stand in a document."""
    weights: dict[Term, float] = {}
    length = 0
    for zone in reading.zones:
        terms = terms_of(zone.words)
        length += len(terms)
        for term, count in _wanted(terms, zone, compiled):
            weights[term] = weights.get(term, 0.0) + zone.weight * count
    for term in terms_of(words_of(_FORMAT_NAMES.get(reading.document.format, ""))):
        if term in compiled.index:
            weights[term] = weights.get(term, 0.0) + _FORMAT_WEIGHT
    return Features(weights, length)


def _wanted(terms: list[str], zone: Zone, compiled: CompiledRules) -> Iterator[tuple[Term, int]]:
    single: Counter[str] = Counter(terms)
    for term in compiled.index.keys() & single.keys():
        yield term, single[term]
    if compiled.has_bare_terms:
        yield from _bare(zone, compiled)
        terms = [term for word in zone.words for term in ([word] if word in compiled.bare_terms else terms_of([word]))]
    pairs = Counter(pairwise(terms))
    for pair in compiled.index.keys() & pairs.keys():
        yield pair, pairs[pair]


def _bare(zone: Zone, compiled: CompiledRules) -> Iterator[tuple[Term, int]]:
    """Yields lone letters and numbers that are a rule's name; a letter that is a word ("a") only as a capital."""
    counts = Counter(zone.words)
    for term in compiled.bare_terms & counts.keys():
        is_word = term in STOP_WORDS
        count = len(re.findall(rf"\b{re.escape(term.upper())}\b", zone.text)) if is_word else counts[term]
        if count:
            yield term, count
