"""Features to one score a rule."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from classify_core.local.lexical.features import Features, Found
from classify_core.local.lexical.rules import CompiledRules, Term


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
    for term, found in features.found.items():
        strength = _strength(found, features.length)
        for position, weight in compiled.index[term]:
            match = matches.setdefault(position, Match())
            match.score += weight * strength
            match.shares.append((weight * strength, term))
    return matches


def _strength(found: Found, length: int) -> float:
    """Grows with each occurrence, ever less, and slower in a longer document (as BM25's term frequency)."""
    saturation = 1.5 * (0.4 + 0.6 * math.sqrt(length / 400.0))
    return found.weight / (found.weight + saturation)
