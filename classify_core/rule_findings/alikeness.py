"""Rules whose descriptions use so nearly the same words that a classifier has nothing to tell them apart by.

Compared are the terms of the descriptions as sets, each weighted by how few rules use it, so that rules written after
one pattern are told apart by what they do not share. Synonyms are not seen, nor is the order of words.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from classify_core.rule_findings.candidate import Candidate
from classify_core.rule_findings.descriptions import plain
from classify_core.rule_findings.finding import Finding, Severity, about, quoted

LEAST_OVERLAP: Final = 0.72
"""Weight of the shared terms over that of all terms of both (weighted Jaccard) from which two rules are alike.

Of ten terms each, rules may differ in one and are alike; if they differ in two, they are not.
"""

LEAST_COVERED_TERMS: Final = 3
"""A rule of fewer terms stands inside another by accident."""

_MOST_SHOWN: Final = 4


@dataclass(frozen=True)
class _Weights:
    """How much each term tells: the fewer rules use it, the more."""

    of_term: Mapping[str, float]

    def total(self, terms: frozenset[str]) -> float:
        return math.fsum(self.of_term[term] for term in terms)


def alike_rules(candidates: Sequence[Candidate]) -> list[Finding]:
    """Pairs of rules that nothing or nearly nothing tells apart; equal descriptions are found elsewhere."""
    compared = [candidate for candidate in candidates if candidate.told and not candidate.is_catch_all]
    weights = _weights_of(compared)
    found = [_compared(first, second, weights) for first, second in _pairs(compared, weights)]
    return [finding for finding in found if finding is not None]


def _weights_of(candidates: Sequence[Candidate]) -> _Weights:
    counts = Counter(term for candidate in candidates for term in candidate.told)
    # Inverse document frequency over the rules, smoothed so that what all of two or three rules share still counts.
    return _Weights({term: math.log(1 + (len(candidates) + 1) / (count + 0.5)) for term, count in counts.items()})


def _pairs(candidates: Sequence[Candidate], weights: _Weights) -> Iterator[tuple[Candidate, Candidate]]:
    """The pairs that may be alike: those that share one of the rarest terms of either, which all alike ones do.

    Thousands of rules share their commonest terms, and comparing each with each would take minutes.
    """
    users: defaultdict[str, list[int]] = defaultdict(list)
    for place, candidate in enumerate(candidates):
        for term in candidate.told:
            users[term].append(place)
    pairs = {
        (min(place, other), max(place, other))
        for place, candidate in enumerate(candidates)
        for term in _decisive(candidate.told, weights)
        for other in users[term]
        if other != place
    }
    for place, other in sorted(pairs):
        yield candidates[place], candidates[other]


def _decisive(terms: frozenset[str], weights: _Weights) -> Iterator[str]:
    """The rarest terms, so many that a rule without any of them cannot share enough of the weight."""
    left = weights.total(terms)
    least = LEAST_OVERLAP * left
    for term in sorted(terms, key=lambda term: (-weights.of_term[term], term)):
        if left < least:
            return
        yield term
        left -= weights.of_term[term]


def _compared(first: Candidate, second: Candidate, weights: _Weights) -> Finding | None:
    if plain(first.description) == plain(second.description) or _denies(first, second) or _denies(second, first):
        return None
    shared = weights.total(first.told & second.told)
    if shared >= LEAST_OVERLAP * weights.total(first.told | second.told):
        return _alike(first, second)
    for inner, outer in ((first, second), (second, first)):
        if len(inner.told) >= LEAST_COVERED_TERMS and inner.told <= outer.told:
            return _covered(inner, outer)
    return None


def _denies(one: Candidate, other: Candidate) -> bool:
    """Whether one rule excludes what the other asks for."""
    return not (one.denied & other.told).issubset(one.told)


def _alike(first: Candidate, second: Candidate) -> Finding:
    own = [each for each in (_own(first, second), _own(second, first)) if each]
    difference = f"; they differ only in {' and '.join(own)}" if own else ""
    return about(
        [first, second],
        Severity.WARNING,
        "alike",
        message=f"{quoted([first, second])} are described in the same words{difference}",
        remedy="say in each what only such a document contains, or join the rules",
    )


def _own(candidate: Candidate, other: Candidate) -> str:
    """The terms that only one of two rules has, as a sentence names them."""
    own = sorted(candidate.told - other.told)
    return ", ".join(map(repr, own[:_MOST_SHOWN])) + (", ..." if len(own) > _MOST_SHOWN else "")


def _covered(inner: Candidate, outer: Candidate) -> Finding:
    return about(
        [inner, outer],
        Severity.NOTE,
        "covered",
        message=f"all that {inner.type!r} asks for stands in {outer.type!r} too, so that its documents fit both",
        remedy=f"say in {inner.type!r} what only such a document contains, or what it is not",
    )
