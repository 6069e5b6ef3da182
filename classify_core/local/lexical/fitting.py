"""What speaks for each rule, its own words and the kinds it calls up together, and what speaks for none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from classify_core.local.lexical.scoring import Match, chance_level

if TYPE_CHECKING:
    from classify_core.local.lexical.cues import Cue, KindMatch
    from classify_core.local.lexical.rules import CompiledRules, Term

_WORDS_INFLUENCE = 0.6
_KIND_INFLUENCE = 1.5
_CLEAR_KIND = 14.0
_LEAST_KIND = 0.0
_STRANGER_INFLUENCE = 1.2
_LEAST_SCORE = 0.25
_CHANCE_INFLUENCE = 2.0


@dataclass(slots=True)
class Fit:
    """What speaks for one rule.

    Attributes:
        score: 0.0 and up.
        terms: its own terms that were found, with what each adds.
        cues: the cues of the kind it calls up, with what each adds.
    """

    score: float
    terms: Sequence[tuple[float, Term]] = ()
    cues: Sequence[tuple[float, Cue]] = ()


@dataclass(frozen=True, slots=True)
class Fits:
    """What speaks for which rules.

    Attributes:
        rules: by position.
        none: the score of "no rule fits".
    """

    rules: dict[int, Fit]
    none: float


def fit_rules(matches: Mapping[int, Match], kinds: Sequence[KindMatch], compiled: CompiledRules) -> Fits:
    """Returns what speaks for the rules that have anything in common with the document."""
    fits = {position: Fit(_WORDS_INFLUENCE * match.score, match.shares) for position, match in matches.items()}
    likenesses = [_likeness(match) for match in kinds]
    for position, (likeness, kind) in _called(likenesses, compiled).items():
        fit = fits.setdefault(position, Fit(0.0))
        fit.score += _KIND_INFLUENCE * likeness
        fit.cues = kinds[kind].shares
    stranger = max((each for kind, each in enumerate(likenesses) if kind not in compiled.calls), default=0.0)
    chance = chance_level(matches, len(compiled.types))
    return Fits(fits, _LEAST_SCORE + _CHANCE_INFLUENCE * chance + _STRANGER_INFLUENCE * stranger)


def _likeness(match: KindMatch) -> float:
    """From 0.0 up, the more cues the less each adds; 1.0 is a document that shows clearly what it is."""
    return math.sqrt(max(0.0, match.score) / _CLEAR_KIND)


def _called(likenesses: Sequence[float], compiled: CompiledRules) -> dict[int, tuple[float, int]]:
    """For each rule the kind that it calls up and the document is most like, with how like it is."""
    best: dict[int, tuple[float, int]] = {}
    for kind, callers in compiled.calls.items():
        for position, surety in callers:
            likeness = surety * likenesses[kind]
            if likeness > best.get(position, (_LEAST_KIND, 0))[0]:
                best[position] = likeness, kind
    return best
