"""From the scores of all rules to one answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from classify_core.classification import Alternative, Answer
from classify_core.engine import RuleScore
from classify_core.local.reasoning import explain

MAX_ALTERNATIVES: Final = 20
"""How many alternatives are kept: with thousands of rules the rest says nothing and takes memory."""

# As a share of the best rule's probability: what is nearer is not told apart.
_TIED_FROM = 0.95
# The best of many rules that share the probability is a guess: it must have this, or so many times an equal share.
_LEAST_PROBABILITY = 0.1
_LEAST_SHARES = 3.0


def decide(scores: Sequence[RuleScore]) -> Answer:
    """The rule that the engine chose, else the most probable one.

    None where no rule is more probable, or where others fit as well as the best.
    """
    ranked = sorted(scores, key=lambda score: (not score.is_chosen, -score.probability))
    best = ranked[0]
    tied = () if best.is_chosen else _tied(ranked)
    chosen = best if best.is_chosen or (not tied and _is_clear(ranked)) else None
    return Answer(
        type=None if chosen is None else chosen.type,
        confidence=best.probability,
        reasoning=explain(ranked, chosen, tied=tied),
        alternatives=tuple(_alternatives(ranked)),
    )


def with_unread(answer: Answer, unread: str) -> Answer:
    """The answer, whose reason says which pages had no part in it; `unread` is `ParsedDocument.unread`."""
    return answer.model_copy(update={"reasoning": f"{answer.reasoning}; {unread}"}) if unread else answer


def _tied(ranked: Sequence[RuleScore]) -> Sequence[RuleScore]:
    """The best rules, where nothing tells them apart."""
    tied = [score for score in ranked if score.probability >= _TIED_FROM * ranked[0].probability > 0.0]
    is_tie = len(tied) > 1 and sum(score.probability for score in tied) >= _none_fits(ranked)
    return tied if is_tie else ()


def _is_clear(ranked: Sequence[RuleScore]) -> bool:
    """Whether the best rule is more probable than none, and than a guess."""
    best = ranked[0].probability
    floor = min(_LEAST_PROBABILITY, _LEAST_SHARES / len(ranked))
    return best >= max(_none_fits(ranked), floor) and best > 0.0


def _none_fits(ranked: Sequence[RuleScore]) -> float:
    return 1.0 - sum(score.probability for score in ranked)


def _alternatives(ranked: Sequence[RuleScore]) -> Iterator[Alternative]:
    """Yields the best rule whatever its probability, and the others that have one."""
    for position, score in enumerate(ranked[:MAX_ALTERNATIVES]):
        if position == 0 or score.probability > 0.0:
            yield Alternative(type=score.type, confidence=score.probability)
