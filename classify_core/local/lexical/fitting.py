"""What speaks for each rule, its own words and the kinds it calls up together, and what speaks for none.

All scores here are on one scale: 1.0 is about what a document's kind adds that shows clearly what it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify_core.local.lexical.scoring import Match, chance_level
from classify_core.local.lexical.terms import terms_of

if TYPE_CHECKING:
    from classify_core.local.lexical.cue_index import Cue
    from classify_core.local.lexical.cues import KindMatch
    from classify_core.local.lexical.rules import CompiledRules
    from classify_core.local.lexical.vocabulary import Term

# What a rule's own words count. Where it surely calls up a kind, that knows most of them too, and they count less by so
# much; but a text of few words has few cues, and of so many terms it has half of those that one could expect.
_WORDS_INFLUENCE = 1.0
_COUNTED_BY_KIND = 0.4
_LENGTH_OF_HALF_THE_CUES = 20.0
_INFLUENCE_WITHOUT_KIND = 2.0
_KIND_INFLUENCE = 1.7
# The score of a kind in a document that shows clearly what it is, and what may be chance.
_CLEAR_KIND = 14.0
_CHANCE_KIND = 1.0
# "No rule fits" scores this at least, and more for a document of a kind that no rule calls up, or of many rules' words.
_LEAST_SCORE = 0.25
_STRANGER_INFLUENCE = 1.1
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

    @property
    def findings(self) -> int:
        """How many different things were found: a cue of words that are the rule's own is none besides them."""
        own = {term for _, term in self.terms}
        return len(own) + sum(not own.issuperset(terms_of(cue.words.split(" "))) for _, cue in self.cues)


@dataclass(frozen=True, slots=True)
class Fits:
    """What speaks for which rules.

    Attributes:
        rules: by position.
        none: the score of "no rule fits".
    """

    rules: dict[int, Fit]
    none: float


def fit_rules(
    matches: Mapping[int, Match], kinds: Sequence[KindMatch], compiled: CompiledRules, *, length: int
) -> Fits:
    """Returns what speaks for the rules that have anything in common with the document.

    Args:
        matches: what of the rules' own words is in it.
        kinds: what speaks for each kind.
        compiled: the rules.
        length: how many terms the document has.
    """
    expected = length / (length + _LENGTH_OF_HALF_THE_CUES)
    counted = _COUNTED_BY_KIND * expected
    surest = max(compiled.sureties, default=0.0)
    fits = {
        position: Fit(_influence_of_words(compiled.sureties[position], counted, surest) * match.score, match.shares)
        for position, match in matches.items()
    }
    likenesses = [_likeness(match.score) for match in kinds]
    for position, (likeness, kind) in _called(likenesses, compiled).items():
        fit = fits.setdefault(position, Fit(0.0))
        fit.score += _KIND_INFLUENCE * likeness
        fit.cues = kinds[kind].shares
    chance = chance_level(matches, len(compiled.types))
    stranger = expected * _stranger(kinds, likenesses, compiled)
    return Fits(fits, _LEAST_SCORE + _CHANCE_INFLUENCE * chance + _STRANGER_INFLUENCE * stranger)


def _influence_of_words(surety: float, counted: float, surest: float) -> float:
    """How much a rule's own words count: the less, the more surely it calls up a kind that knows them too.

    Beside rules that surely call up kinds, the words of one that calls up none have to make up for that.
    """
    return _WORDS_INFLUENCE - counted * surety + _INFLUENCE_WITHOUT_KIND * max(0.0, surest - surety)


def _likeness(score: float) -> float:
    """How like a kind with such a score the document is, from 0.0 up: 1.0 is one that shows clearly what it is.

    A little of a kind is in every text and counts little; beyond that, each cue adds less the more there are.
    """
    favourable = max(0.0, score)
    return math.sqrt(favourable / _CLEAR_KIND) * min(1.0, math.sqrt(favourable / _CHANCE_KIND))


def _stranger(kinds: Sequence[KindMatch], likenesses: Sequence[float], compiled: CompiledRules) -> float:
    """How like a kind that no rule calls up the document is.

    Cues of the likest kind that a rule does call up are left out, so that related kinds, as a mail and a memo with its
    "From" and "To", do not speak against each other.
    """
    likest = max(compiled.calls, key=likenesses.__getitem__, default=None)
    shared = frozenset() if likest is None else frozenset(cue for _, cue in kinds[likest].shares)
    strangers = (match for kind, match in enumerate(kinds) if likenesses[kind] > 0.0 and kind not in compiled.calls)
    scores = (match.score - sum(share for share, cue in match.shares if cue in shared) for match in strangers)
    return _likeness(max(scores, default=0.0))


def _called(likenesses: Sequence[float], compiled: CompiledRules) -> dict[int, tuple[float, int]]:
    """For each rule the kind that it calls up and the document is most like, with how like it is."""
    best: dict[int, tuple[float, int]] = {}
    for kind, callers in compiled.calls.items():
        for position, surety in callers:
            likeness = surety * likenesses[kind]
            if likeness > best.get(position, (0.0, 0))[0]:
                best[position] = likeness, kind
    return best
