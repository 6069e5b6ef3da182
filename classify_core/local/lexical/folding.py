"""Text without case, as words are compared, with where each of its characters stands in the text as it is written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

from classify_core.local.lexical.terms import MARKS, without_case

# What a normal form joins to the character before it: marks, the vowels and ends of Korean syllables, kana voicing.
_JOINED = rf"[{MARKS}\u1160-\u11ff\u3099\u309a\uff9e\uff9f]"
_CHARACTER = re.compile(rf"[\x00-\x7f]{_JOINED}+|[^\x00-\x7f]{_JOINED}*")
# What may change is looked at some characters at a time: mostly none of them does.
_CHANGEABLE = re.compile(rf"(?:[\x00-\x7f](?={_JOINED}))?[^\x00-\x7f]{{1,32}}{_JOINED}*")


@dataclass(frozen=True, slots=True)
class FoldedText:
    """A text in the form in which its words are compared.

    Attributes:
        text: without case, in normal form, with straight apostrophes; it may be longer or shorter than what is written.
        places: for each character of `text`, and for its end, where that stands as written; None where these are equal.
    """

    text: str
    places: Sequence[int] | None

    def place(self, position: int) -> int:
        """Where a character of `text`, or its end, stands as written."""
        return position if self.places is None else self.places[position]


def fold(text: str) -> FoldedText:
    """Returns the text as its words are compared."""
    if _keeps_places(text):
        return FoldedText(without_case(text), None)
    pieces: list[str] = []
    places: list[int] = []
    for piece, stands_at in _pieces(text):
        pieces.append(piece)
        places.extend(stands_at)
    return FoldedText("".join(pieces), (*places, len(text)))


def _pieces(text: str) -> Iterator[tuple[str, Iterable[int]]]:
    """Yields the folded text piece by piece, with where each character of a piece stands as written."""
    end = 0
    for changeable in _CHANGEABLE.finditer(text):
        yield without_case(text[end : changeable.start()]), range(end, changeable.start())
        end = changeable.end()
        if _keeps_places(changeable[0]):
            yield without_case(changeable[0]), range(changeable.start(), end)
        else:
            yield from map(_folded_character, _CHARACTER.finditer(text, changeable.start(), end))
    yield without_case(text[end:]), range(end, len(text))


def _keeps_places(text: str) -> bool:
    """Whether no character becomes two without case, and none are joined."""
    return unicodedata.is_normalized("NFKC", text) and len(text.casefold()) == len(text)


def _folded_character(character: re.Match[str]) -> tuple[str, Iterable[int]]:
    folded = without_case(character[0])
    return folded, repeat(character.start(), len(folded))
