"""Why a type was chosen, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
        verb = "match" if len(chosen.evidence) > 1 else "matches"
        return f'{_quoted(chosen) or "the format"} {verb} the rule "{chosen.type}"'
    best = max(scores, key=lambda score: score.probability, default=None)
    if best is None or best.probability <= 0.0:
        return "no rule fits: the document has nothing in common with any of them"
    found = _quoted(best)
    too_little = f"but finding {found} is too little" if found else "but its format alone is too little"
    return f'no rule fits well enough: the nearest is "{best.type}", {too_little}'


def _quoted(score: RuleScore) -> str:
    quotes = [f'"{quote}"' for quote in score.evidence[:_MOST_QUOTES]]
    return " and ".join(part for part in (", ".join(quotes[:-1]), *quotes[-1:]) if part)
