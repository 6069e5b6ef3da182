"""What was found, as short quotes of the document with their pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from itertools import chain
from typing import TYPE_CHECKING, TypeAlias

from classify_core.local.lexical.cue_index import Cue
from classify_core.local.lexical.terms import has_unspaced_script, is_in_spaced_word, next_word

if TYPE_CHECKING:
    from classify_core.local.lexical.fitting import Fit
    from classify_core.local.lexical.reading import Reading
    from classify_core.local.lexical.vocabulary import Term

_MOST_QUOTES = 5
_MOST_TRIED = 12
_LONGEST_QUOTE = 60
# Of two words that a rule has side by side, a document may have function words in between.
_WORDS_BETWEEN = 3

_Forms: TypeAlias = Sequence[frozenset[str]]
"""For each word of what is looked for, the ways in which the document writes it."""


@dataclass(frozen=True, slots=True)
class _Quote:
    """A stretch of the document.

    Attributes:
        text: as written, on one line.
        page: the number of the page where it begins; None where it stands elsewhere, as in a title.
        is_divided: whether it goes over the end of a line.
    """

    text: str
    page: int | None
    is_divided: bool


def evidence_of(fit: Fit, reading: Reading) -> tuple[tuple[str, ...], tuple[int | None, ...]]:
    """Returns what speaks most for a rule, as the document writes it, strongest first; and the page of each quote.

    The pages are empty where the document has none.
    """
    found = (_found(looked_for, between, reading) for looked_for, between in _strongest(fit, reading))
    quotes = [quote for quote in found if quote is not None and 0 < len(quote.text) <= _LONGEST_QUOTE]
    # What a line break divides reads badly; in a narrow column it may be all there is.
    chosen: list[_Quote] = []
    for quote in [quote for quote in quotes if not quote.is_divided] or quotes:
        _take(quote, chosen)
    kept = chosen[:_MOST_QUOTES]
    pages = tuple(quote.page for quote in kept)
    return tuple(quote.text for quote in kept), pages if any(page is not None for page in pages) else ()


def _strongest(fit: Fit, reading: Reading) -> Iterator[tuple[_Forms, int]]:
    """Yields what to look for, the strongest first, and how many other words may stand between its words."""
    found: Iterable[tuple[float, Term | Cue]] = chain(fit.terms, fit.cues)
    for _, what in nsmallest(_MOST_TRIED, found, key=lambda each: (-each[0], str(each[1]))):
        if isinstance(what, Cue):
            yield [frozenset({word}) for word in what.words.split(" ")], 0
        else:
            parts = (what,) if isinstance(what, str) else what
            yield [reading.forms.get(part, frozenset({part})) for part in parts], _WORDS_BETWEEN


def _found(looked_for: _Forms, between: int, reading: Reading) -> _Quote | None:
    for zone in reading.zones:
        stretch = _stretch_of_any(zone.folded.text, looked_for, between)
        if stretch is not None:
            start, stop = map(zone.folded.place, stretch)
            written = zone.text[start:stop]
            return _Quote(" ".join(written.split()), reading.page_of(zone, start), "\n" in written)
    return None


def _stretch_of_any(folded: str, looked_for: _Forms, between: int) -> tuple[int, int] | None:
    stretches = (_stretch(folded, form, looked_for[1:], between) for form in sorted(looked_for[0]))
    return next((stretch for stretch in stretches if stretch is not None), None)


def _stretch(folded: str, first: str, others: _Forms, between: int) -> tuple[int, int] | None:
    """Where a phrase stands: its first word whole, and after it the others, as near as they come."""
    nearest: tuple[int, int] | None = None
    start = folded.find(first)
    while start >= 0 and (nearest is None or start < nearest[1]):
        stop = start + len(first)
        end = _end_of(folded, stop, others, between) if _is_whole(folded, start, stop) else None
        if end is not None and (nearest is None or end == nearest[1]):
            nearest = start, end
        start = folded.find(first, stop)
    return nearest


def _is_whole(folded: str, start: int, stop: int) -> bool:
    if has_unspaced_script(folded[start]):
        return True  # letters of scripts without spaces stand beside those of other words
    return not (start > 0 and is_in_spaced_word(folded, start - 1)) and not is_in_spaced_word(folded, stop)


def _end_of(folded: str, stop: int, others: _Forms, between: int) -> int | None:
    for forms in others:
        following = _following(folded, stop, forms, between)
        if following is None:
            return None
        stop = following
    return stop


def _following(folded: str, stop: int, forms: frozenset[str], between: int) -> int | None:
    """Where the next word ends, if it is one of the forms and no more than so many others come before it."""
    for form in sorted(forms):  # what is written without spaces overlaps or touches
        if not form[0].isascii() and folded.startswith(form[1:] if len(form) > 1 else form, stop):
            return stop + len(form) - (1 if len(form) > 1 else 0)
    for _ in range(between + 1):
        following = next_word(folded, stop, stop + _LONGEST_QUOTE)
        if following is None:
            return None
        word, stop = following
        if word in forms:
            return stop
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
