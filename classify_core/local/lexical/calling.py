"""Which kinds of documents a rule calls up, by its name and by what its description says."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from classify_core.local.lexical.terms import bare_terms, occurrences

if TYPE_CHECKING:
    from classify_core.local.kinds import Kind

Term: TypeAlias = str | tuple[str, str]

_KIND_SETS: Final = 16
# How well a rule's name fits one of a kind's names.
_SAME_NAME = 1.0
_NARROWER_NAME = 0.9  # "sales invoice" of "invoice"
_COMPOUND_NAME = 0.8  # "Eingangsrechnung" of "Rechnung"
_WIDER_NAME = 0.5  # "licence" of "software licence"
_NAME_WITHIN = 0.3  # "invoice attachment" of "invoice"
_DESCRIBED_SO = 0.8  # what is said of a kind, taken for its name
_SHORTEST_COMPOUND = 5
# How much of a kind's vocabulary a term of a description stands for.
_NAME_WEIGHT = 2.0
_DESCRIBED_WEIGHT = 1.0
_CUE_WEIGHT = 0.35
# Below this likeness to the kind that a description is most like, a description calls nothing up.
_LEAST_LIKENESS = 0.05
_FULL_LIKENESS = 0.15
_NOBODY: Final = frozenset[int]()
# What is less than this share of the best is not called up.
_LEAST_SHARE = 0.45
_DISBELIEF = 0.5


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """What kinds are called and described by.

    Attributes:
        names: by a name's terms the kinds that have it.
        endings: the same for what longer names end with.
        sayings: the same for what is said of kinds.
        terms: of each kind, all that it is known by.
        weights: by term the kinds it describes, with its weight in a vector of length 1.
        rarity: by term how much it tells kinds apart.
    """

    kinds: tuple[str, ...]
    names: Mapping[tuple[str, ...], frozenset[int]]
    endings: Mapping[tuple[str, ...], frozenset[int]]
    sayings: Mapping[tuple[str, ...], frozenset[int]]
    terms: tuple[frozenset[Term], ...]
    weights: Mapping[Term, tuple[tuple[int, float], ...]]
    rarity: Mapping[Term, float]


def called_kinds(name: str, description: str, kinds: tuple[Kind, ...]) -> dict[int, float]:
    """Returns the kinds that a rule calls up, by their position, with how surely: above 0.0 and up to 1.0.

    Args:
        name: the rule's type in words.
        description: what it says such documents are, without what it says they are not.
        kinds: the kinds there are.
    """
    vocabulary = _vocabulary_of(kinds)
    named = _named(name, vocabulary)
    described = _described(f"{name}. {description}", vocabulary)
    best_described = max(described.values(), default=0.0)
    called: dict[int, float] = {}
    for position in named.keys() | described.keys():
        likeness = described.get(position, 0.0)
        by_name = named.get(position, 0.0)
        if by_name and best_described > _LEAST_LIKENESS and likeness < _DISBELIEF * best_described:
            by_name *= _DISBELIEF  # the description is of something else, whatever the name says
        by_description = min(1.0, likeness / _FULL_LIKENESS) if likeness >= _LEAST_LIKENESS else 0.0
        called[position] = max(by_name, by_description)
    best = max(called.values(), default=0.0)
    return {position: surety for position, surety in called.items() if surety > 0.0 and surety >= _LEAST_SHARE * best}


def familiar_terms(called: Mapping[int, float], kinds: tuple[Kind, ...]) -> dict[Term, float]:
    """Returns the terms that called kinds are known by, each with how surely its kind was called."""
    vocabulary = _vocabulary_of(kinds)
    familiar: dict[Term, float] = {}
    for position, surety in called.items():
        for term in vocabulary.terms[position]:
            familiar[term] = max(familiar.get(term, 0.0), surety)
    return familiar


def _named(name: str, vocabulary: _Vocabulary) -> dict[int, float]:
    own = tuple(occurrence.term for occurrence in occurrences(name))
    if not own:
        return {}
    found: dict[int, float] = {}
    for likeness, positions in _alike(own, vocabulary):
        for position in positions:
            found[position] = max(found.get(position, 0.0), likeness)
    return found


def _alike(own: tuple[str, ...], vocabulary: _Vocabulary) -> Iterator[tuple[float, frozenset[int]]]:
    """Yields the kinds whose names are like a rule's name, with how like."""
    names, size = vocabulary.names, len(own)
    yield _SAME_NAME, names.get(own, _NOBODY)
    yield _DESCRIBED_SO, vocabulary.sayings.get(own, _NOBODY)
    yield _WIDER_NAME, vocabulary.endings.get(own, _NOBODY)
    for start in range(size):
        for stop in range(start + 1, size + 1):
            if stop - start < size:
                yield (_NARROWER_NAME if stop == size else _NAME_WITHIN), names.get(own[start:stop], _NOBODY)
    if size == 1:
        for start in range(1, len(own[0]) - _SHORTEST_COMPOUND + 1):
            yield _COMPOUND_NAME, names.get((own[0][start:],), _NOBODY)


def _described(text: str, vocabulary: _Vocabulary) -> dict[int, float]:
    terms = set(_terms_in(text))
    norm = math.sqrt(sum(vocabulary.rarity.get(term, 1.0) ** 2 for term in terms if isinstance(term, str)))
    likeness: dict[int, float] = {}
    for term in terms:
        for position, weight in vocabulary.weights.get(term, ()):
            likeness[position] = likeness.get(position, 0.0) + weight * vocabulary.rarity[term]
    return {position: value / max(norm, 1.0) for position, value in likeness.items()}


@lru_cache(maxsize=_KIND_SETS)
def _vocabulary_of(kinds: tuple[Kind, ...]) -> _Vocabulary:
    # "Form 10-K" without its number would be any form.
    names = _by_terms((name, position) for position, kind in enumerate(kinds) for name in kind.names if not any(bare_terms(name)))
    weighted = [_weights_of(kind) for kind in kinds]
    owners = Counter(term for weights in weighted for term in weights)
    rarity = {term: math.log((len(kinds) + 1.0) / count) / math.log(len(kinds) + 1.0) for term, count in owners.items()}
    endings: dict[tuple[str, ...], frozenset[int]] = {}
    for name, positions in names.items():
        for start in range(1, len(name)):
            endings[name[start:]] = endings.get(name[start:], _NOBODY) | positions
    return _Vocabulary(
        kinds=tuple(kind.name for kind in kinds),
        names=names,
        endings=endings,
        sayings=_by_terms((saying, position) for position, kind in enumerate(kinds) for saying in kind.described),
        terms=tuple(frozenset(weights) for weights in weighted),
        weights=_index(weighted, rarity),
        rarity=rarity,
    )


def _by_terms(texts: Iterable[tuple[str, int]]) -> dict[tuple[str, ...], frozenset[int]]:
    found: dict[tuple[str, ...], frozenset[int]] = {}
    for text, position in texts:
        terms = tuple(occurrence.term for occurrence in occurrences(text))
        if terms:
            found[terms] = found.get(terms, _NOBODY) | {position}
    return found


def _index(weighted: Sequence[Mapping[Term, float]], rarity: Mapping[Term, float]) -> dict[Term, tuple[tuple[int, float], ...]]:
    """The terms' weights, of each kind a vector of length 1 but for its cues, which are many or few by chance."""
    index: dict[Term, list[tuple[int, float]]] = {}
    for position, weights in enumerate(weighted):
        told = [weight * rarity[term] for term, weight in weights.items() if weight > _CUE_WEIGHT]
        norm = math.hypot(*told) or 1.0
        for term, weight in weights.items():
            index.setdefault(term, []).append((position, weight * rarity[term] / norm))
    return {term: tuple(entries) for term, entries in index.items()}


def _weights_of(kind: Kind) -> dict[Term, float]:
    weights: dict[Term, float] = {}
    for texts, weight in (
        ((kind.name.replace("_", " "), *kind.names), _NAME_WEIGHT),
        (kind.described, _DESCRIBED_WEIGHT),
        ((*kind.lines, *kind.phrases, *kind.words), _CUE_WEIGHT),
    ):
        for text in texts:
            for term in _terms_in(text):
                weights[term] = max(weights.get(term, 0.0), weight)
    return weights


def _terms_in(text: str) -> Iterable[Term]:
    for clause in re.split(r"[,;:.()\n]", text):
        terms = [occurrence.term for occurrence in occurrences(clause)]
        yield from terms
        yield from pairwise(terms)
