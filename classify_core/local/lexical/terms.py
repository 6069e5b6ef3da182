"""Text to terms: Unicode words without endings, and pairs of characters where words are not spaced."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from classify_core.local.lexical.stop_words import STOP_WORDS

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

# Scripts written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han and its extensions.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
)
r"""Marks that belong to the letter before them, which `\w` leaves out: Latin, Cyrillic, Hebrew, Arabic and Indic."""

# Invisible characters (Unicode category Cf) that may stand within a word: soft hyphen, zero-width and bidi controls.
_FORMAT = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
_FORMAT_CHARACTERS = re.compile(f"[{_FORMAT}]")
_LETTERS = rf"[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{MARKS}{_FORMAT}])*"
_CHUNK = re.compile(rf"[{_UNSPACED}]+|{_LETTERS}(?:['\u2019]{_LETTERS})*")
_IN_SPACED_WORD = re.compile(rf"[^\W_{_UNSPACED}]|[{MARKS}]")
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")
_ASCII_WORD = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")
_LONGEST_WORD = 40
_WORDS_KEPT = 200_000
_SHORTEST_WORD = 2
_SHORTEST_STEM = 3
_SINGULARS_IN_S = frozenset({"news", "series", "species", "lens"})
_VOWELS = frozenset("aeiouy")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A term and where it stands in the text.

    Attributes:
        term: the normal form, equal for words that differ in case, width or ending.
        start, end: the characters of the text it was made from.
    """

    term: str
    start: int
    end: int


def occurrences(text: str, kept: Container[object] = frozenset()) -> Iterator[Occurrence]:
    """Yields the terms of a text in order, without stop words and without lone letters and numbers unless `kept`."""
    for chunk in _CHUNK.finditer(text):
        if _UNSPACED_CHARACTER.match(chunk[0]):
            yield from _character_pairs(chunk[0], chunk.start())
        else:
            word = without_format_characters(chunk[0])
            term = _term(word, kept) if len(word) <= _LONGEST_WORD else None
            if term is not None:
                yield Occurrence(term, chunk.start(), chunk.end())


def words_of(text: str) -> list[str]:
    """Returns the words of a text in order, without case, and pairs of characters where words are not spaced."""
    if text.isascii():
        return _ASCII_WORD.findall(text.casefold())
    normal = without_case(without_format_characters(text))
    if _UNSPACED_CHARACTER.search(normal) is None:
        return _CHUNK.findall(normal)
    return [word for chunk in _CHUNK.findall(normal) for word in _words_of_chunk(chunk)]


def has_unspaced_script(text: str) -> bool:
    """Whether there are characters of a script that is written without spaces between words."""
    return not text.isascii() and _UNSPACED_CHARACTER.search(text) is not None


def without_case(text: str) -> str:
    """Returns the text in the form in which words are compared: without case, with straight apostrophes."""
    return unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")


def next_word(text: str, start: int, stop: int) -> tuple[str, int] | None:
    """Returns the next word between two places of a text without case, and where it ends."""
    word = _CHUNK.search(text, start, stop)
    return None if word is None else (word[0], word.end())


def is_in_spaced_word(text: str, place: int) -> bool:
    """Whether a letter, digit or mark of a script with spaces between words stands at that place of a text."""
    return _IN_SPACED_WORD.match(text, place) is not None


def _words_of_chunk(chunk: str) -> list[str]:
    if _UNSPACED_CHARACTER.match(chunk) is None:
        return [chunk]
    return [pair.term for pair in _character_pairs(chunk, 0)]


class _TermOfWord(dict[str, str | None]):
    """The term of each word that was seen, looked up faster than a function can be called."""

    def __missing__(self, word: str) -> str | None:
        if len(word) > _LONGEST_WORD:
            return None  # not kept: hostile documents hold any number of them, as long as they like
        if len(self) >= _WORDS_KEPT:
            self.clear()
        term = self[word] = word if _UNSPACED_CHARACTER.match(word) else normal_form(word)
        return term


term_of = _TermOfWord().__getitem__
"""Returns the term of a word; None for stop words, lone letters and numbers."""


def terms_of(words: Iterable[str]) -> list[str]:
    """Returns the terms of words, in order, where they have one."""
    return [term for term in map(term_of, words) if term is not None]


def bare_terms(name: str) -> Iterator[str]:
    """Yields the lone letters and numbers of a type's name, which tell it from others ("Form A", "Form 1040")."""
    for chunk in _CHUNK.finditer(name):
        if _is_bare(chunk[0]):
            yield chunk[0].casefold()


def _is_bare(word: str) -> bool:
    return len(word) < _SHORTEST_WORD or word.isdecimal()


def _term(word: str, kept: Container[object]) -> str | None:
    # In lower case, a lone letter that is a word ("a") says nothing.
    if _is_bare(word) and word.casefold() in kept and word not in STOP_WORDS:
        return word.casefold()
    return normal_form(word)


def without_format_characters(text: str) -> str:
    """Returns the text without characters that nobody sees; bidi controls would also garble a message."""
    return text if text.isascii() else _FORMAT_CHARACTERS.sub("", text)


def hidden_places(text: str, start: int, stop: int) -> Iterator[int]:
    """Yields where the characters that nobody sees stand between two places of a text, in order."""
    if not text.isascii():
        yield from (hidden.start() for hidden in _FORMAT_CHARACTERS.finditer(text, start, stop))


def _character_pairs(run: str, start: int) -> Iterator[Occurrence]:
    """Overlapping pairs, the usual stand-in for words in unspaced scripts; a lone character stands for itself."""
    size = min(2, len(run))
    for offset in range(len(run) - size + 1):
        pair = unicodedata.normalize("NFKC", run[offset : offset + size])
        yield Occurrence(pair, start + offset, start + offset + size)


@lru_cache(maxsize=50_000)
def normal_form(word: str) -> str | None:
    """Returns a word's term, or None for a stop word, a lone letter and a number."""
    folded = without_case(word).removesuffix("'s")
    if len(folded) < _SHORTEST_WORD or folded in STOP_WORDS or not any(character.isalpha() for character in folded):
        return None
    return stem(folded)


def stem(word: str) -> str:
    """Cuts common inflections of English, which also joins many plurals of other Latin-script languages.

    Deliberately light: two words that mean different things should not become one.
    """
    if not word.isascii() or len(word) <= _SHORTEST_STEM or not word.isalpha():
        return word
    return _without_final_e(_without_verb_ending(_without_plural(word)))


def _without_plural(word: str) -> str:
    if word.endswith("ies") and len(word) > _SHORTEST_STEM + 1 and word not in _SINGULARS_IN_S:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and word not in _SINGULARS_IN_S:
        return word[:-1]
    return word


def _without_verb_ending(word: str) -> str:
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= _SHORTEST_STEM and _VOWELS.intersection(root):
            is_doubled = root[-1] == root[-2] and root[-1] not in "lsz"
            return root[:-1] if is_doubled else root
    return word


def _without_final_e(word: str) -> str:
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST_STEM + 1 else word
