"""What was found, as short quotes of the document with their pages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from classify_core.local.lexical.cues import Cue
    from classify_core.local.lexical.fitting import Fit
    from classify_core.local.lexical.reading import Reading
    from classify_core.local.lexical.rules import Term

_MOST_QUOTES = 5
_MOST_TRIED = 12
_LONGEST_QUOTE = 60
# Of two words that a rule has side by side, a document may have function words in between.
_WORDS_BETWEEN = 3
_WORD = re.compile(r"\w+(?:['\u2019]\w+)*")

_Forms: TypeAlias = Sequence[frozenset[str]]
"""For each word of what is looked for, the ways in which the document writes it."""


@dataclass(frozen=True, slots=True)
class _Quote:
    """A stretch of the document.

    Attributes:
        text: as written, on one line.
        offset: where it begins in the document's text; None where it stands elsewhere, as in a title.
    """

    text: str
    offset: int | None


def evidence_of(fit: Fit, reading: Reading) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """Returns what speaks most for a rule, as the document writes it, strongest first; and the page of each quote."""
    chosen: list[_Quote] = []
    for looked_for, between in _strongest(fit, reading):
        quote = _found(looked_for, between, reading)
        if quote is not None and 0 < len(quote.text) <= _LONGEST_QUOTE:
            _take(quote, chosen)
    kept = chosen[:_MOST_QUOTES]
    pages = tuple(None if quote.offset is None else reading.document.page_of(quote.offset) for quote in kept)
    return tuple(quote.text for quote in kept), pages if any(page is not None for page in pages) else ()


def _strongest(fit: Fit, reading: Reading) -> Iterator[tuple[_Forms, int]]:
    """Yields what to look for, the strongest first, and how many other words may stand between its words."""
    shares: list[tuple[float, Term | Cue, bool]] = [(share, term, False) for share, term in fit.terms]
    shares += [(share, cue, True) for share, cue in fit.cues]
    shares = nsmallest(_MOST_TRIED, shares, key=lambda each: (-each[0], str(each[1])))
    own = [what for _, what, is_cue in shares if not is_cue]
    forms = reading.forms_of({part for term in own for part in ((term,) if isinstance(term, str) else term)})
    for _, what, is_cue in shares:
        if is_cue:
            yield [frozenset({word}) for word in what[1].split(" ")], 0
        else:
            parts = (what,) if isinstance(what, str) else what
            yield [forms.get(part, frozenset({part})) for part in parts], _WORDS_BETWEEN


def _found(looked_for: _Forms, between: int, reading: Reading) -> _Quote | None:
    for zone, folded in zip(reading.zones, reading.folded, strict=True):
        if len(folded) != len(zone.text):
            continue  # some capital letters are two characters when folded, so that places would be wrong
        for form in sorted(looked_for[0]):
            stretch = _stretch(folded, form, looked_for[1:], between)
            if stretch is not None:
                start, stop = stretch
                offset = None if zone.start is None else zone.start + start
                return _Quote(" ".join(zone.text[start:stop].split()), offset)
    return None


def _stretch(folded: str, first: str, others: _Forms, between: int) -> tuple[int, int] | None:
    """Where a phrase stands: its first word whole, and after it the others."""
    start = folded.find(first)
    while start >= 0:
        stop = start + len(first)
        if not first[0].isascii() or _is_whole(folded, start, stop):
            end = _end_of(folded, stop, others, between)
            if end is not None:
                return start, end
        start = folded.find(first, stop)
    return None


def _is_whole(folded: str, start: int, stop: int) -> bool:
    return not (start > 0 and folded[start - 1].isalnum()) and not folded[stop : stop + 1].isalnum()


def _end_of(folded: str, stop: int, others: _Forms, between: int) -> int | None:
    for forms in others:
        following = _following(folded, stop, forms, between)
        if following is None:
            return None
        stop = following
    return stop


def _following(folded: str, stop: int, forms: frozenset[str], between: int) -> int | None:
    """Where the next word ends, if it is one of the forms and no more than so many others come before it."""
    for form in forms:  # what is written without spaces overlaps or touches
        if not form[0].isascii() and folded.startswith(form[1:] if len(form) > 1 else form, stop):
            return stop + len(form) - (1 if len(form) > 1 else 0)
    for _ in range(between + 1):
        word = _WORD.search(folded, stop, stop + _LONGEST_QUOTE)
        if word is None:
            return None
        if word[0].replace("\u2019", "'") in forms:
            return word.end()
        stop = word.end()
    return None


def _take(quote: _Quote, chosen: list[_Quote]) -> None:
    """Adds a quote; one that says more takes the place of the one it contains."""
    folded = quote.text.casefold()
    if any(folded in other.text.casefold() for other in chosen):
        return
    contained = [position for position, other in enumerate(chosen) if other.text.casefold() in folded]
    if not contained:
        chosen.append(quote)
        return
    chosen[contained[0]] = quote
    for position in reversed(contained[1:]):
        del chosen[position]
