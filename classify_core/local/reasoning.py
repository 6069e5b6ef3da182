"""Why a type was chosen, in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.engine import RuleScore

_MOST_QUOTES = 3


def explain(scores: Sequence[RuleScore], chosen: RuleScore | None) -> str:
    """Returns the reason for an answer.

    Args:
        scores: those of all rules, in any order.
        chosen: the score that was answered with; None where no rule fitted well enough.
    """
    if chosen is not None:
        return f'{_found(chosen)} the rule "{chosen.type}"'
    best = max(scores, key=lambda score: score.probability, default=None)
    if best is None or best.probability <= 0.0:
        return "no rule fits: the document has nothing in common with any of them"
    return f'no rule fits well enough: the nearest is "{best.type}" ({_found(best)} it), which is too weak'


def _found(score: RuleScore) -> str:
    if not score.evidence:
        return "fits"
    quoted = [f'"{quote}"' for quote in score.evidence[:_MOST_QUOTES]]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"{listed} match" if len(quoted) > 1 else f"{listed} matches"
