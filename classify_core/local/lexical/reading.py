"""A document as the engine reads it: zones of text, each as the words it is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Final

from classify_core.local.lexical.folding import FoldedText, fold
from classify_core.local.lexical.layout import layout_of
from classify_core.local.lexical.terms import hidden_places, term_of, without_format_characters, words_of

if TYPE_CHECKING:
    from classify_core.engine import ParsedDocument

MAX_CHARACTERS_READ: Final = 12_000
"""Characters of a long document that are read: its beginning, middle and end, in the shares below."""

_BEGINNING_SHARE = 0.6
_MIDDLE_SHARE = 0.2
_TOP_CHARACTERS = 600
_LONGEST_WORD = 50
_MOST_HEADINGS = 50
_LONGEST_HEADING = 300
_TITLE_WEIGHT = 3.0
_HEADING_WEIGHT = 2.0
_TOP_WEIGHT = 3.0
_BODY_WEIGHT = 1.0


@dataclass(frozen=True)
class Zone:
    """A piece of a document.

    Attributes:
        text: as it is written, without characters that nobody sees.
        weight: how much a word in it counts.
        start: where it begins in the document's text; None for what stands elsewhere, as a title.
        words: its words without case, in order.
    """

    text: str = field(repr=False)
    weight: float
    start: int | None
    words: list[str] = field(repr=False)

    @property
    def is_prominent(self) -> bool:
        """Whether it says what the document is, as title, headings and top do, rather than what it is about."""
        return self.weight > _BODY_WEIGHT

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word stands in it, in the order in which they come."""
        return Counter(self.words)

    @cached_property
    def folded(self) -> FoldedText:
        """The text as its words are compared."""
        return fold(self.text)


@dataclass(frozen=True)
class Reading:
    """What was read of a document.

    Attributes:
        document: the document.
        zones: title, headings, top and the rest; no phrase spans two of them.
    """

    document: ParsedDocument
    zones: tuple[Zone, ...]

    @cached_property
    def layout(self) -> Mapping[str, float]:
        """Its signs of layout."""
        return layout_of(self.text, self.counts)

    @cached_property
    def text(self) -> str:
        """All that was read of the text itself."""
        return "\n".join(zone.text for zone in self.zones if zone.start is not None)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each word stands in the text itself."""
        return Counter(chain.from_iterable(zone.words for zone in self.zones if zone.start is not None))

    @property
    def length(self) -> int:
        """How many words the text itself has."""
        return sum(len(zone.words) for zone in self.zones if zone.start is not None)

    @cached_property
    def terms(self) -> int:
        """How many words of the text itself say anything: no stop words, lone letters and numbers."""
        return sum(occurrences for word, occurrences in self.counts.items() if term_of(word) is not None)

    @cached_property
    def forms(self) -> Mapping[str, frozenset[str]]:
        """By term the words of the document that stand for it."""
        forms: dict[str, set[str]] = {}
        for word in set().union(*(zone.counts for zone in self.zones)):
            term = term_of(word)
            if term is not None:
                forms.setdefault(term, set()).add(word)
        return {term: frozenset(words) for term, words in forms.items()}

    def page_of(self, zone: Zone, place: int) -> int | None:
        """The number of the page that a character of a zone's text stands on; None where there is no page."""
        if zone.start is None:
            return None
        offset = zone.start + place
        for hidden in hidden_places(self.document.text, zone.start, zone.start + MAX_CHARACTERS_READ):
            if hidden > offset:
                break
            offset += 1
        return self.document.page_of(offset)


def read(document: ParsedDocument) -> Reading:
    """Returns what is read of a document."""
    return Reading(document, tuple(_zones(document)))


def _zones(document: ParsedDocument) -> Iterator[Zone]:
    if document.title:
        yield _zone(document.title[:_LONGEST_HEADING], _TITLE_WEIGHT, None)
    for heading in document.headings[:_MOST_HEADINGS]:
        yield _zone(heading[:_LONGEST_HEADING], _HEADING_WEIGHT, None)
    (_, first), *others = sample(document.text)
    cut = _end_of_top(first)
    yield _zone(first[:cut], _TOP_WEIGHT, 0)
    for start, text in ((cut, first[cut:]), *others):
        if text:
            yield _zone(text, _BODY_WEIGHT, start)


def _zone(text: str, weight: float, start: int | None) -> Zone:
    return Zone(without_format_characters(text), weight, start, words_of(text))


def _end_of_top(text: str) -> int:
    """Where the top ends, between two words."""
    following = text.find(" ", _TOP_CHARACTERS, _TOP_CHARACTERS + _LONGEST_WORD)
    return following if following >= 0 else _TOP_CHARACTERS


def sample(text: str) -> Sequence[tuple[int, str]]:
    """Returns the text, or of a long one its beginning, middle and end, each with where it begins."""
    if len(text) <= MAX_CHARACTERS_READ:
        return [(0, text)]
    beginning = int(MAX_CHARACTERS_READ * _BEGINNING_SHARE)
    middle = int(MAX_CHARACTERS_READ * _MIDDLE_SHARE)
    end = MAX_CHARACTERS_READ - beginning - middle
    middle_start = (len(text) - middle) // 2
    stretches = ((0, beginning), (middle_start, middle), (len(text) - end, end))
    return [(start, text[start : start + length]) for start, length in stretches]
