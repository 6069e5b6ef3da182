"""What the built-in kinds of documents are called and described by, in eight languages, arranged for looking up."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

from classify_core.local.lexical.terms import bare_terms, occurrences

if TYPE_CHECKING:
    from classify_core.local.kinds import Kind

Term: TypeAlias = str | tuple[str, str]
"""A word's term, or two neighbouring words' terms."""

Terms: TypeAlias = tuple[str, ...]

NOBODY: frozenset[int] = frozenset()
"""No kinds."""

_KIND_SETS = 16
# How much of a kind's vocabulary a term stands for, by where it comes from.
_NAME_WEIGHT = 2.0
_DESCRIBED_WEIGHT = 1.0
_CUE_WEIGHT = 0.35
_CLAUSE_END = re.compile(r"[,;:.()\n]")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What kinds are called and described by. Kinds are given as positions among all.

    Attributes:
        names: by a name's terms the kinds that have it.
        endings: the same for what longer names end with.
        sayings: the same for what is said of kinds.
        terms: of each kind, all that it is known by.
        weights: by term the kinds it describes, with its weight in a vector of length 1.
        rarity: by term how much it tells kinds apart, up to 1.0.
    """

    names: Mapping[Terms, frozenset[int]]
    endings: Mapping[Terms, frozenset[int]]
    sayings: Mapping[Terms, frozenset[int]]
    terms: tuple[frozenset[Term], ...]
    weights: Mapping[Term, tuple[tuple[int, float], ...]]
    rarity: Mapping[Term, float]


@lru_cache(maxsize=_KIND_SETS)
def vocabulary_of(kinds: tuple[Kind, ...]) -> Vocabulary:
    """Returns what the kinds are called and described by."""
    names = _by_terms((name, position) for position, kind in enumerate(kinds) for name in _usable_names(kind))
    weighted = [_weights_of(kind) for kind in kinds]
    rarity = _rarities(weighted)
    return Vocabulary(
        names=names,
        endings=_endings_of(names),
        sayings=_by_terms((saying, position) for position, kind in enumerate(kinds) for saying in kind.described),
        terms=tuple(frozenset(weights) for weights in weighted),
        weights=_index_of(weighted, rarity),
        rarity=rarity,
    )


def terms_in(text: str) -> list[Term]:
    """Returns the distinct terms of a text and its pairs of neighbours within a clause, in order."""
    return list(dict.fromkeys(_each_term_in(text)))


def first_clause(text: str) -> str:
    """Returns what a text says up to its first comma or full stop."""
    return _CLAUSE_END.split(text.strip(), 1)[0]


def _each_term_in(text: str) -> Iterator[Term]:
    for clause in _CLAUSE_END.split(text):
        terms = [occurrence.term for occurrence in occurrences(clause)]
        yield from terms
        yield from pairwise(terms)


def _usable_names(kind: Kind) -> Iterator[str]:
    # "Form 10-K" without its number would be any form.
    return (name for name in kind.names if not any(bare_terms(name)))


def _by_terms(texts: Iterable[tuple[str, int]]) -> dict[Terms, frozenset[int]]:
    found: dict[Terms, frozenset[int]] = {}
    for text, position in texts:
        terms = tuple(occurrence.term for occurrence in occurrences(text))
        if terms:
            found[terms] = found.get(terms, NOBODY) | {position}
    return found


def _endings_of(names: Mapping[Terms, frozenset[int]]) -> dict[Terms, frozenset[int]]:
    endings: dict[Terms, frozenset[int]] = {}
    for name, positions in names.items():
        for start in range(1, len(name)):
            endings[name[start:]] = endings.get(name[start:], NOBODY) | positions
    return endings


def _weights_of(kind: Kind) -> dict[Term, float]:
    weights: dict[Term, float] = {}
    for texts, weight in (
        ((kind.name.replace("_", " "), *kind.names), _NAME_WEIGHT),
        (kind.described, _DESCRIBED_WEIGHT),
        ((*kind.lines, *kind.phrases, *kind.words), _CUE_WEIGHT),
    ):
        for term in (term for text in texts for term in terms_in(text)):
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


def _rarities(weighted: Sequence[Mapping[Term, float]]) -> dict[Term, float]:
    """Inverse document frequency over the kinds: 1.0 for a term of one kind, nearly 0.0 for one of all."""
    everything = math.log(len(weighted) + 1.0)
    owners = Counter(term for weights in weighted for term in weights)
    return {term: 1.0 - math.log(count) / everything for term, count in owners.items()}


def _index_of(
    weighted: Sequence[Mapping[Term, float]], rarity: Mapping[Term, float]
) -> dict[Term, tuple[tuple[int, float], ...]]:
    """The terms' weights, of each kind a vector of length 1 but for its cues, which are many or few by chance."""
    index: dict[Term, list[tuple[int, float]]] = {}
    for position, weights in enumerate(weighted):
        told = [weight * rarity[term] for term, weight in weights.items() if weight > _CUE_WEIGHT]
        norm = math.hypot(*told) or 1.0
        for term, weight in weights.items():
            index.setdefault(term, []).append((position, weight * rarity[term] / norm))
    return {term: tuple(entries) for term, entries in index.items()}
