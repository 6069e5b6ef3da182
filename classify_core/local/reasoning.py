"""Why a type was chosen, in one sentence."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core.engine import RuleScore

_MOST_QUOTES = 3
_MOST_TIED = 5


def explain(scores: Sequence[RuleScore], chosen: RuleScore | None, *, tied: Sequence[RuleScore] = ()) -> str:
    """Returns the reason for an answer: the engine's own words where it has any, else what was found.

    Args:
        scores: those of all rules, in any order.
        chosen: the score that was answered with; None where no rule fitted well enough.
        tied: the scores that nothing tells apart, where that is why there is no answer; no engine says so of one rule.
    """
    if tied:
        return _explained_tie(tied)
    best = chosen if chosen is not None else max(scores, key=lambda score: score.probability, default=None)
    if best is not None and best.reasoning:
        return best.reasoning
    if chosen is not None:
        verb = "match" if len(chosen.evidence) > 1 else "matches"
        return f'{_quoted(chosen) or "its format or layout"} {verb} the rule "{chosen.type}"'
    if best is None or best.probability <= 0.0:
        return "no rule fits: the document has nothing in common with any of them"
    nearest = f'no rule fits well enough: the nearest is "{best.type}"'
    return f"{nearest}, but finding {_quoted(best)} is too little" if best.evidence else nearest


def _explained_tie(tied: Sequence[RuleScore]) -> str:
    names = [f'"{score.type}"' for score in tied[:_MOST_TIED]]
    more = len(tied) - len(names)
    named = f"{', '.join(names)} and {more} more" if more > 0 else _listed(names)
    found = f" (found: {_quoted(tied[0])})" if tied[0].evidence else ""
    return f"{named} fit equally well, and nothing in the document tells them apart{found}"


def _quoted(score: RuleScore) -> str:
    """The strongest evidence, with the page of each quote, or once the page of all."""
    quotes = [f'"{quote}"' for quote in score.evidence[:_MOST_QUOTES]]
    pages = score.pages[: len(quotes)]
    if len(pages) == len(quotes) and len(set(pages)) == 1 and pages[0] is not None:
        return f"{_listed(quotes)} on page {pages[0]}"
    return _listed([_with_page(quote, page) for quote, page in zip_longest(quotes, pages)])


def _with_page(quote: str, page: int | None) -> str:
    return quote if page is None else f"{quote} (page {page})"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), *parts[-1:]) if part)
