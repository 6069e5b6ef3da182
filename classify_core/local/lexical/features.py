"""A document's terms: how often and how prominently each that some rule looks for stands in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from classify_core.local.lexical.shown import shown_by
from classify_core.local.lexical.stop_words import STOP_WORDS
from classify_core.local.lexical.terms import term_of, terms_of

if TYPE_CHECKING:
    from classify_core.local.lexical.reading import Reading, Zone
    from classify_core.local.lexical.rules import CompiledRules
    from classify_core.local.lexical.vocabulary import Term


@dataclass(frozen=True, slots=True)
class Features:
    """The terms of a document that some rule looks for.

    Attributes:
        weights: of each such term its occurrences, those in title, headings and beginning counting more.
        length: all terms of the document, looked for or not.
        shown: of each such term that layout or format stand for, how strongly, up to 1.0.
    """

    weights: dict[Term, float]
    length: int
    shown: dict[Term, float]


def features_of(reading: Reading, compiled: CompiledRules) -> Features:
    """Returns how prominently the rules' terms stand in a document."""
    weights: dict[Term, float] = {}
    for zone in reading.zones:
        for term, count in _wanted(zone, compiled):
            weights[term] = weights.get(term, 0.0) + zone.weight * count
    return Features(weights, reading.terms, shown_by(reading, compiled.index))


def _wanted(zone: Zone, compiled: CompiledRules) -> Iterator[tuple[Term, int]]:
    for word, count in zone.counts.items():
        term = term_of(word)
        if term is not None and term in compiled.index:
            yield term, count
    if compiled.bare_terms:
        yield from _bare(zone, compiled)
    pairs = Counter(filter(compiled.index.__contains__, pairwise(_terms_with_bare(zone.words, compiled))))
    yield from pairs.items()


def _terms_with_bare(words: Iterable[str], compiled: CompiledRules) -> list[str]:
    if not compiled.bare_terms:
        return terms_of(words)
    terms = (word if word in compiled.bare_terms else term_of(word) for word in words)
    return [term for term in terms if term is not None]


def _bare(zone: Zone, compiled: CompiledRules) -> Iterator[tuple[Term, int]]:
    """Yields lone letters and numbers that are a rule's name; a letter that is a word ("a") only as a capital."""
    for term in sorted(compiled.bare_terms & zone.counts.keys()):
        is_word = term in STOP_WORDS
        count = len(re.findall(rf"\b{re.escape(term.upper())}\b", zone.text)) if is_word else zone.counts[term]
        if count:
            yield term, count
