"""The beginning of a text, in the forms in which signs of layout are looked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

LAYOUT_CHARACTERS: Final = 4_000
"""Of a text's beginning so many characters are looked at."""


@dataclass(frozen=True, slots=True)
class Page:
    """What signs are measured in.

    Attributes:
        text: the beginning of the text.
        folded: the same without case, in which patterns are found faster than by ignoring case.
        lines: the lines that are not empty, without the space around them.
        folded_lines: the same without case.
        words: each word that was read, also beyond the beginning, without case, with its number of occurrences.
        length: how many words were read.
    """

    text: str
    folded: str
    lines: tuple[str, ...]
    folded_lines: tuple[str, ...]
    words: Mapping[str, int]
    length: int


Measure: TypeAlias = Callable[[Page], float]
"""How much of a sign there is: 0.0 for nothing, 1.0 and more for as much as documents have that live by it."""


def page_of(text: str, words: Mapping[str, int]) -> Page:
    """Returns what signs are measured in; the arguments are those of `layout_of`."""
    beginning = text[:LAYOUT_CHARACTERS].strip()
    folded = beginning.casefold()
    return Page(beginning, folded, _lines_of(beginning), _lines_of(folded), words, sum(words.values()))


def _lines_of(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.splitlines())))
