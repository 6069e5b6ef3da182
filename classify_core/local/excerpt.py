"""What is shown of a document to a model whose attention, or price, is counted in characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classify_core.engine import ParsedDocument

# A document says what it is where it begins, and often where it ends.
_BEGINNING_SHARE = 0.6
_MIDDLE_SHARE = 0.2
_SPACE = re.compile(r"\s+")
_LONGEST_WORD = 40


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a document.

    Attributes:
        text: as it stands in the document.
        left_out: how many characters before it are not shown.
    """

    text: str = field(repr=False)
    left_out: int = 0


def excerpt(text: str, max_characters: int) -> tuple[Part, ...]:
    """The text, or of a long one its beginning, middle and end between words, at most `max_characters` together."""
    if len(text) <= max_characters:
        return (Part(text),)
    parts: list[Part] = []
    shown_to = 0
    for start, stop in (_between_words(text, *stretch) for stretch in _stretches(len(text), max_characters)):
        parts.append(Part(text[start:stop], left_out=start - shown_to))
        shown_to = stop
    return tuple(parts)


def _stretches(length: int, max_characters: int) -> Iterator[tuple[int, int]]:
    """Yields where the parts of a longer text begin and end; none overlaps another."""
    beginning = int(max_characters * _BEGINNING_SHARE)
    middle = int(max_characters * _MIDDLE_SHARE)
    middle_start = (length - middle) // 2
    if middle_start > beginning:
        yield 0, beginning
        yield middle_start, middle_start + middle
    else:  # the beginning reaches as far
        yield 0, beginning + middle
    yield length - (max_characters - beginning - middle), length


def _between_words(text: str, start: int, stop: int) -> tuple[int, int]:
    """A stretch made shorter, so that it neither begins nor ends within a word unless that is very long."""
    if start > 0 and (space := _SPACE.search(text, start, start + _LONGEST_WORD)) is not None:
        start = space.end()
    if stop < len(text):
        spaces = list(_SPACE.finditer(text, stop - _LONGEST_WORD, stop))
        stop = spaces[-1].start() if spaces else stop
    return start, stop


def text_with_title(document: ParsedDocument) -> str:
    """The document's text, headed by its title where that stands elsewhere, as in a PDF's metadata."""
    if not document.title or document.title in document.text:
        return document.text
    return f"{document.title}\n\n{document.text}"
