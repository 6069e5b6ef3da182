"""What was found, as short quotes of the document."""

from __future__ import annotations

from classify_core.local.lexical.features import Features
from classify_core.local.lexical.scoring import Match

_MOST_QUOTES = 5
_LONGEST_QUOTE = 60


def quotes(match: Match, features: Features) -> tuple[str, ...]:
    """Returns the words that speak most for a rule, as the document writes them, strongest first."""
    chosen: list[str] = []
    for _, term in sorted(match.shares, key=lambda share: (-share[0], str(share[1]))):
        quote = features.found[term].quote
        if len(quote) <= _LONGEST_QUOTE and not _is_covered(quote, chosen):
            chosen.append(quote)
        if len(chosen) == _MOST_QUOTES:
            break
    return tuple(chosen)


def _is_covered(quote: str, chosen: list[str]) -> bool:
    folded = quote.casefold()
    return any(folded in other.casefold() for other in chosen)
