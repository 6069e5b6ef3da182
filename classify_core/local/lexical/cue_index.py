"""The cues of kinds of documents, arranged so that those in a document are found without looking for each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, TypeVar

from classify_core.local.lexical.terms import has_unspaced_script, words_of

if TYPE_CHECKING:
    from classify_core.local.kinds import Kind

_KIND_SETS = 16

# What a cue adds where it is found: the rarer such cues are elsewhere, the more.
_WEIGHTS: Final[Mapping[str, float]] = {"line": 2.0, "phrase": 1.4, "name": 1.5, "word": 0.8}
_FORMAT_WEIGHT = 6.0
_SIGN_WEIGHT = 3.5

# How much of a sign documents have that do not live by it; a kind that does is the less likely where there is less.
_USUAL_SIGN = 0.15
_USUAL_SIGNS: Final[Mapping[str, float]] = {
    "short_lines": 0.5,
    "long_paragraphs": 0.4,
    "date_top": 0.35,
    "numeric": 0.3,
    "fields": 0.25,
    "capitals": 0.25,
    "contact_top": 0.25,
    "verse": 0.2,
    "salutation": 0.1,
    "page_numbers": 0.1,
    "table_rows": 0.05,
    "mail_headers": 0.05,
    "quantities": 0.03,
    "chat_lines": 0.02,
    "timestamps": 0.01,
}

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
ByKind: TypeAlias = tuple[tuple[int, float], ...]
"""Kinds, as positions among all, each with how much speaks for it."""


class Cue(NamedTuple):
    """Something that a kind of documents says.

    Attributes:
        what: where it counts.
        words: its words without case, with one space between; in scripts without spaces, as it is written.
    """

    what: Literal["line", "phrase", "name", "word"]
    words: str


class Phrase(NamedTuple):
    """What is looked for after the first two words of some phrases: the words that follow, and what they then are."""

    following: tuple[str, ...]
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class CueIndex:
    """Where to look for the cues of some kinds.

    Attributes:
        kinds: the names of the kinds, in order.
        weights: by cue the kinds it speaks for, with what it adds.
        lines: the cues that are whole lines, by their words.
        words: the other cues of one word.
        phrases: the other cues of several words, by the first two.
        unspaced: the cues in scripts without spaces.
        signs: by sign of layout the kinds it speaks for or against, with what all of the sign adds.
        signless: for each kind what the absence of all signs adds.
        formats: by file ending the kinds that it is as good as, with what it adds.
    """

    kinds: tuple[str, ...]
    weights: Mapping[Cue, ByKind]
    lines: Mapping[str, Cue]
    words: Mapping[str, tuple[Cue, ...]]
    phrases: Mapping[tuple[str, str], tuple[Phrase, ...]]
    unspaced: Mapping[str, tuple[Cue, ...]]
    signs: Mapping[str, ByKind]
    signless: tuple[float, ...]
    formats: Mapping[str, ByKind]


@lru_cache(maxsize=_KIND_SETS)
def index_of(kinds: tuple[Kind, ...]) -> CueIndex:
    """Returns the index of the kinds' cues; a cue of several kinds counts less for each."""
    owners = _grouped((cue, position) for position, kind in enumerate(kinds) for cue in dict.fromkeys(_cues_of(kind)))
    elsewhere = [cue for cue in owners if cue.what != "line" and not has_unspaced_script(cue.words)]
    return CueIndex(
        kinds=tuple(kind.name for kind in kinds),
        weights={cue: _weighted(cue, positions, len(kinds)) for cue, positions in owners.items()},
        lines={cue.words: cue for cue in owners if cue.what == "line"},
        words=_grouped((cue.words, cue) for cue in elsewhere if " " not in cue.words),
        phrases=_phrases(cue for cue in elsewhere if " " in cue.words),
        unspaced=_grouped((cue.words, cue) for cue in owners if has_unspaced_script(cue.words)),
        signs=_grouped(
            (sign, (position, weight)) for position, kind in enumerate(kinds) for sign, weight in _signs_of(kind)
        ),
        signless=tuple(map(_without_signs, kinds)),
        formats=_grouped(
            (ending, (position, _FORMAT_WEIGHT)) for position, kind in enumerate(kinds) for ending in kind.formats
        ),
    )


def written(text: str) -> str:
    """The words of a cue, or of a line that may be one."""
    return text.strip().casefold() if has_unspaced_script(text) else " ".join(words_of(text))


def _cues_of(kind: Kind) -> Iterator[Cue]:
    yield from (Cue("line", written(text)) for text in (*kind.lines, *kind.names))
    yield from (Cue("phrase", written(text)) for text in kind.phrases)
    yield from (Cue("name", written(text)) for text in kind.names)
    yield from (Cue("word", written(text)) for text in kind.words)


def _weighted(cue: Cue, positions: Sequence[int], kinds: int) -> ByKind:
    weight = _WEIGHTS[cue.what] * _rarity(len(positions), kinds)
    return tuple((position, weight) for position in positions)


def _rarity(owners: int, kinds: int) -> float:
    """1.0 for a cue of one kind, 0.0 for a cue of all: inverse document frequency over the kinds."""
    return 1.0 - math.log(owners) / math.log(max(kinds, 2))


def _grouped(pairs: Iterable[tuple[_Key, _Value]]) -> dict[_Key, tuple[_Value, ...]]:
    grouped: dict[_Key, list[_Value]] = {}
    for key, value in pairs:
        grouped.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in grouped.items()}


def _phrases(cues: Iterable[Cue]) -> dict[tuple[str, str], tuple[Phrase, ...]]:
    by_words = _grouped((tuple(cue.words.split(" ")), cue) for cue in cues)
    return _grouped(((words[0], words[1]), Phrase(words[2:], same)) for words, same in by_words.items())


def _signs_of(kind: Kind) -> Iterator[tuple[str, float]]:
    """Yields the kind's signs, so weighted that those which speak for it are a vector of fixed length."""
    everything = math.hypot(*(weight for _, weight in kind.signs))
    favourable = math.hypot(*(weight for _, weight in kind.signs if weight > 0.0))
    for sign, weight in kind.signs:
        yield sign, _SIGN_WEIGHT * weight / (favourable if weight > 0.0 else everything)


def _without_signs(kind: Kind) -> float:
    # What a kind has not is nothing special where it is missing.
    return -sum(weight * _USUAL_SIGNS.get(sign, _USUAL_SIGN) for sign, weight in _signs_of(kind) if weight > 0.0)
