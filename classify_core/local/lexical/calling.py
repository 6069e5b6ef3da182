"""Which kinds of documents a rule calls up, by its name and by what its description says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from classify_core.local.lexical.terms import occurrences
from classify_core.local.lexical.vocabulary import NOBODY, Term, Terms, Vocabulary, first_clause, terms_in

# How well a rule's name fits one of a kind's names.
_SAME_NAME = 1.0
_NARROWER_NAME = 0.9  # "sales invoice" of "invoice"
_COMPOUND_NAME = 0.8  # "Eingangsrechnung" of "Rechnung"
_DESCRIBED_SO = 0.8  # what is said of a kind, taken for its name
_WIDER_NAME = 0.5  # "licence" of "software licence"
_FIRST_NAME = 0.6  # "a letter that confirms ..." of "letter"
_NAME_WITHIN = 0.3  # "invoice attachment" of "invoice"
_SHORTEST_COMPOUND = 5
_LONGEST_NAME = 5
_LONGEST_ENDING = 2
# A description that is less like a kind calls nothing up, and one that is so much like it calls it up fully.
_LEAST_LIKENESS = 0.05
_FULL_LIKENESS = 0.15
# A description that is so much less like the kind of the name than another contradicts the name.
_CONTRADICTION = 0.5
_DISBELIEF = 0.5
# What is called up less than this share of the best is not called up.
_LEAST_SHARE = 0.45


def called_kinds(name: str, description: str, vocabulary: Vocabulary) -> dict[int, float]:
    """Returns the kinds that a rule calls up, by their position, with how surely: above 0.0 and up to 1.0.

    Args:
        name: the rule's type in words.
        description: what it says such documents are, without what it says they are not.
        vocabulary: what the kinds there are are called and described by.
    """
    named = _named(name, vocabulary)
    for position in _named_first(description, vocabulary):
        named[position] = max(named.get(position, 0.0), _FIRST_NAME)
    described = _described(terms_in(f"{name}. {description}"), vocabulary)
    most_described = max(described.values(), default=0.0)
    called = {
        position: _surety(named.get(position, 0.0), described.get(position, 0.0), most_described)
        for position in sorted(named.keys() | described.keys())
    }
    least = _LEAST_SHARE * max(called.values(), default=0.0)
    return {position: surety for position, surety in called.items() if surety > 0.0 and surety >= least}


def familiarity(term: Term, called: Mapping[int, float], vocabulary: Vocabulary) -> float:
    """How surely the rule that calls these kinds up calls up one that is known by this term; 0.0 for none."""
    return max((surety for position, surety in called.items() if term in vocabulary.terms[position]), default=0.0)


def _surety(named: float, described: float, most_described: float) -> float:
    """How surely a kind is called up: by its name, unless the description is of something else, or by description."""
    if most_described > _LEAST_LIKENESS and described < _CONTRADICTION * most_described:
        named *= _DISBELIEF
    return max(named, min(1.0, described / _FULL_LIKENESS) if described >= _LEAST_LIKENESS else 0.0)


def _named(name: str, vocabulary: Vocabulary) -> dict[int, float]:
    own = tuple(occurrence.term for occurrence in occurrences(name))
    for form in _uninflected(own):
        found: dict[int, float] = {}
        for likeness, positions in _alike(form, vocabulary):
            for position in positions:
                found[position] = max(found.get(position, 0.0), likeness)
        if found:
            return found
    return {}


def _uninflected(own: Terms) -> Iterator[Terms]:
    """Yields a name, and as it may be without the ending of a plural or case in languages other than English."""
    if own:
        yield own
        *others, last = own
        yield (*others, last.removesuffix("s"))  # "CVs"; of longer words the stem has no "s"
        for length in range(len(last) - 1, max(len(last) - _LONGEST_ENDING, _SHORTEST_COMPOUND) - 1, -1):
            yield (*others, last[:length])


def _alike(own: Terms, vocabulary: Vocabulary) -> Iterator[tuple[float, frozenset[int]]]:
    """Yields the kinds whose names are like a rule's name, with how like."""
    yield _SAME_NAME, vocabulary.names.get(own, NOBODY)
    yield _DESCRIBED_SO, vocabulary.sayings.get(own, NOBODY)
    yield _WIDER_NAME, vocabulary.endings.get(own, NOBODY)
    for start, stop in _stretches(len(own)):
        likeness = _NARROWER_NAME if stop == len(own) else _NAME_WITHIN
        yield likeness, vocabulary.names.get(own[start:stop], NOBODY)
    if len(own) == 1:
        for start in range(1, len(own[0]) - _SHORTEST_COMPOUND + 1):
            yield _COMPOUND_NAME, vocabulary.names.get((own[0][start:],), NOBODY)


def _named_first(description: str, vocabulary: Vocabulary) -> frozenset[int]:
    """The kinds of the first name in a description's first clause, which is mostly what it says the documents are."""
    own = tuple(occurrence.term for occurrence in occurrences(first_clause(description)))
    for start in range(len(own)):
        for stop in range(min(len(own), start + _LONGEST_NAME), start, -1):
            if own[start:stop] in vocabulary.names:
                return vocabulary.names[own[start:stop]]
    return NOBODY


def _stretches(size: int) -> Iterator[tuple[int, int]]:
    """Yields where each part of so many terms begins and ends; all of them together are no part."""
    for start in range(size):
        for stop in range(start + 1, size + 1):
            if stop - start < size:
                yield start, stop


def _described(terms: Sequence[Term], vocabulary: Vocabulary) -> dict[int, float]:
    """How like each kind's vocabulary a text is: the cosine of the angle between them, 0.0 to about 1.0."""
    norm = math.sqrt(sum(vocabulary.rarity.get(term, 1.0) ** 2 for term in terms if isinstance(term, str)))
    likeness: dict[int, float] = {}
    for term in terms:
        for position, weight in vocabulary.weights.get(term, ()):
            likeness[position] = likeness.get(position, 0.0) + weight * vocabulary.rarity[term]
    return {position: value / max(norm, 1.0) for position, value in likeness.items()}
