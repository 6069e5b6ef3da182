"""What was found, as short quotes of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classify_core.local.lexical.features import Features
    from classify_core.local.lexical.scoring import Match

_MOST_QUOTES = 5
_LONGEST_QUOTE = 60


def quotes(match: Match, features: Features) -> tuple[str, ...]:
    """Returns the words that speak most for a rule, as the document writes them, strongest first."""
    chosen: list[str] = []
    for _, term in sorted(match.shares, key=lambda share: (-share[0], str(share[1]))):
        quote = features.found[term].quote
        if 0 < len(quote) <= _LONGEST_QUOTE:
            _take(quote, chosen)
    return tuple(chosen[:_MOST_QUOTES])


def _take(quote: str, chosen: list[str]) -> None:
    """Adds a quote; one that says more takes the place of the one it contains."""
    folded = quote.casefold()
    if any(folded in other.casefold() for other in chosen):
        return
    contained = [position for position, other in enumerate(chosen) if other.casefold() in folded]
    if not contained:
        chosen.append(quote)
        return
    chosen[contained[0]] = quote
    for position in reversed(contained[1:]):
        del chosen[position]
