"""Features to one score a rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classify_core.local.lexical.features import Features
    from classify_core.local.lexical.rules import CompiledRules
    from classify_core.local.lexical.vocabulary import Term

_SATURATION = 3.0
_LENGTH_INFLUENCE = 0.6
_TYPICAL_LENGTH = 400.0
# Rules that match nothing, added to the mean so that two or three rules do not make a baseline.
_IMAGINED_RULES = 10


@dataclass(slots=True)
class Match:
    """What speaks for one rule.

    Attributes:
        score: 0.0 and up.
        shares: the terms found, with what each adds to the score.
    """

    score: float = 0.0
    shares: list[tuple[float, Term]] = field(default_factory=list)


def match_rules(features: Features, compiled: CompiledRules) -> dict[int, Match]:
    """Returns the rules that have anything in common with the document, by their position.

    The work is proportional to the terms the document shares with rules, not to the number of rules.
    """
    matches: dict[int, Match] = {}
    for term, strength in _strengths(features).items():
        for position, weight in compiled.index[term]:
            match = matches.setdefault(position, Match())
            match.score += weight * strength
            match.shares.append((weight * strength, term))
    return matches


def _strengths(features: Features) -> dict[Term, float]:
    """How strongly the document says or shows each term, whichever is more."""
    strengths = {term: _strength(weight, features.length) for term, weight in features.weights.items()}
    for term, strength in features.shown.items():
        strengths[term] = max(strengths.get(term, 0.0), strength)
    return strengths


def _strength(weight: float, length: int) -> float:
    """Grows with each occurrence, ever less, and slower in a longer document: the term frequency of Okapi BM25.

    See Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.
    """
    relative_length = length / _TYPICAL_LENGTH
    saturation = _SATURATION * (1.0 - _LENGTH_INFLUENCE + _LENGTH_INFLUENCE * relative_length)
    return weight / (weight + saturation)


def chance_level(matches: Mapping[int, Match], rules: int) -> float:
    """Returns what a rule would score by accident: the others' mean score by words that the best rule lacks.

    A long text on any subject shares some words with every rule. Words of the best rule are left out, so that rules
    for closely related types do not speak against each other.
    """
    if not matches:
        return 0.0
    best = max(matches.values(), key=lambda match: match.score)
    own = {term for _, term in best.shares}
    foreign = sum(share for match in matches.values() for share, term in match.shares if term not in own)
    return foreign / (rules - 1 + _IMAGINED_RULES)
