"""The cues of kinds of documents, found in a document."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from classify_core.local.lexical.layout import layout_of
from classify_core.local.lexical.terms import words_of

if TYPE_CHECKING:
    from classify_core.local.kinds import Kind
    from classify_core.local.lexical.reading import Reading

Cue: TypeAlias = tuple[str, str]
"""What a cue is (`"line"`, `"phrase"`, `"word"`, `"name"`), and its words."""

# What a cue adds where it is found, and how soon finding it again adds no more: the rarer it is elsewhere, the more.
_WEIGHTS: Final[Mapping[str, float]] = {"line": 2.0, "phrase": 1.4, "name": 1.5, "word": 0.8}
_SATURATIONS: Final[Mapping[str, float]] = {"line": 0.4, "phrase": 0.6, "name": 1.5, "word": 1.5}
_FORMAT_WEIGHT = 6.0
_SIGN_WEIGHT = 3.5
# How much of a sign any document has; what is less speaks against a kind that has more.
_USUAL_SIGN = 0.15
_USUAL_SIGNS: Final[Mapping[str, float]] = {
    "short_lines": 0.5,
    "long_paragraphs": 0.4,
    "numeric": 0.3,
    "fields": 0.25,
    "capitals": 0.25,
    "date_top": 0.35,
    "contact_top": 0.25,
    "verse": 0.2,
    "table_rows": 0.05,
    "mail_headers": 0.05,
    "chat_lines": 0.02,
    "quantities": 0.03,
    "timestamps": 0.01,
    "salutation": 0.1,
    "page_numbers": 0.1,
}
_TYPICAL_LENGTH = 400.0
_LENGTH_INFLUENCE = 0.6
_UNSPACED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
# The beginning of a line up to a colon, a tab, a wide gap or its end, without numbering and marks.
_LABEL = re.compile(r"^[ \t#>*|•·▪●\-–=_\d.()\[\]]*([^\W\d_][^\n:：\t|]{1,46}?)[ \t*_]*(?:[:：\t|]|  |$|(?= [\d$€£]))", re.MULTILINE)
_KIND_SETS: Final = 16


@dataclass(frozen=True, slots=True)
class CueIndex:
    """Where to look for the cues of some kinds.

    Attributes:
        kinds: the kinds, in order.
        weights: by cue the kinds it speaks for, as positions in `kinds`, with what it adds.
        lines: the cues that are whole lines.
        words: the cues of one word.
        phrases: the cues of several words, as the words that follow, by their first two words.
        unspaced: the cues in scripts without spaces, looked for as they are written.
        signs: by sign of layout the kinds it speaks for or against.
        formats: by file ending the kinds that it is as good as.
    """

    kinds: tuple[str, ...]
    weights: Mapping[Cue, tuple[tuple[int, float], ...]]
    lines: frozenset[str]
    words: Mapping[str, tuple[Cue, ...]]
    phrases: Mapping[tuple[str, str], tuple[tuple[tuple[str, ...], tuple[Cue, ...]], ...]]
    unspaced: Mapping[str, tuple[Cue, ...]]
    signs: Mapping[str, tuple[tuple[int, float], ...]]
    formats: Mapping[str, tuple[int, ...]]


@dataclass(slots=True)
class KindMatch:
    """What speaks for one kind.

    Attributes:
        score: 0.0 and up.
        shares: the cues found, with what each adds.
    """

    score: float = 0.0
    shares: list[tuple[float, Cue]] = field(default_factory=list)


@lru_cache(maxsize=_KIND_SETS)
def index_of(kinds: tuple[Kind, ...]) -> CueIndex:
    """Returns the index of the kinds' cues; a cue of several kinds counts less for each."""
    owners: dict[Cue, list[int]] = {}
    for position, kind in enumerate(kinds):
        for cue in dict.fromkeys(_cues_of(kind)):
            owners.setdefault(cue, []).append(position)
    weights = {
        cue: tuple((position, _WEIGHTS[cue[0]] * _rarity(len(positions), len(kinds))) for position in positions)
        for cue, positions in owners.items()
    }
    return CueIndex(
        kinds=tuple(kind.name for kind in kinds),
        weights=weights,
        lines=frozenset(words for what, words in weights if what == "line"),
        words=_grouped((words, (what, words)) for what, words in weights if what != "line" and _is_one_word(words)),
        phrases=_phrases(weights),
        unspaced=_grouped((words, (what, words)) for what, words in weights if _UNSPACED.search(words)),
        signs=_signs(kinds),
        formats={
            ending: tuple(position for position, kind in enumerate(kinds) if ending in kind.formats)
            for ending in {ending for kind in kinds for ending in kind.formats}
        },
    )


def _cues_of(kind: Kind) -> Iterator[Cue]:
    for what, texts in (("line", kind.lines), ("phrase", kind.phrases), ("name", kind.names), ("word", kind.words)):
        for text in texts:
            yield what, _written(text)
    for name in kind.names:
        yield "line", _written(name)


def _written(text: str) -> str:
    """A cue as its words, which in scripts without spaces are left together."""
    return text.strip().casefold() if _UNSPACED.search(text) else " ".join(words_of(text))


def _rarity(owners: int, kinds: int) -> float:
    """1.0 for a cue of one kind, 0.0 for a cue of all: inverse document frequency over the kinds."""
    return 1.0 - math.log(owners) / math.log(max(kinds, 2))


def _is_one_word(words: str) -> bool:
    return " " not in words and _UNSPACED.search(words) is None


def _grouped(pairs: Iterable[tuple[str, Cue]]) -> dict[str, tuple[Cue, ...]]:
    grouped: dict[str, list[Cue]] = {}
    for key, cue in pairs:
        grouped.setdefault(key, []).append(cue)
    return {key: tuple(cues) for key, cues in grouped.items()}


def _phrases(cues: Iterable[Cue]) -> dict[tuple[str, str], tuple[tuple[tuple[str, ...], tuple[Cue, ...]], ...]]:
    several = _grouped((words, (what, words)) for what, words in cues if what != "line" and " " in words)
    by_pair: dict[tuple[str, str], list[tuple[tuple[str, ...], tuple[Cue, ...]]]] = {}
    for written, same in several.items():
        first, second, *following = written.split(" ")
        by_pair.setdefault((first, second), []).append((tuple(following), same))
    return {pair: tuple(entries) for pair, entries in by_pair.items()}


def _signs(kinds: Sequence[Kind]) -> dict[str, tuple[tuple[int, float], ...]]:
    signs: dict[str, list[tuple[int, float]]] = {}
    for position, kind in enumerate(kinds):
        norm = math.hypot(*(weight for _, weight in kind.signs))
        positive = math.hypot(*(weight for _, weight in kind.signs if weight > 0.0))
        for sign, weight in kind.signs:
            signs.setdefault(sign, []).append((position, weight / (positive if weight > 0.0 else norm)))
    return {sign: tuple(entries) for sign, entries in signs.items()}


def match_kinds(reading: Reading, index: CueIndex) -> list[KindMatch]:
    """Returns what speaks for each kind, in the order of `index.kinds`."""
    matches = [KindMatch() for _ in index.kinds]
    relative = 1.0 - _LENGTH_INFLUENCE + _LENGTH_INFLUENCE * sum(reading.counts.values()) / _TYPICAL_LENGTH
    shares: dict[tuple[int, str], tuple[float, Cue]] = {}
    for cue, count in _found(reading, index).items():
        strength = count / (count + _SATURATIONS[cue[0]] * relative)
        for position, weight in index.weights[cue]:
            # What is a name and a phrase, or a line, too is found twice and counts once.
            shares[position, cue[1]] = max(shares.get((position, cue[1]), (0.0, cue)), (weight * strength, cue))
    for (position, _), (share, cue) in shares.items():
        matches[position].score += share
        matches[position].shares.append((share, cue))
    for position in index.formats.get(reading.document.format, ()):
        matches[position].score += _FORMAT_WEIGHT
    layout = layout_of(reading.text, reading.counts)
    for sign, entries in index.signs.items():
        value, usual = layout.get(sign, 0.0), _USUAL_SIGNS.get(sign, _USUAL_SIGN)
        for position, weight in entries:
            # What a kind has not is nothing special where it is missing.
            matches[position].score += _SIGN_WEIGHT * weight * (value - usual if weight > 0.0 else value)
    return matches


def _found(reading: Reading, index: CueIndex) -> dict[Cue, float]:
    """How often each cue stands in the document; in its title, headings and top it counts more."""
    found: dict[Cue, float] = {}
    for zone in reading.zones:
        counts = Counter(zone.words)
        for word in index.words.keys() & counts.keys():
            for cue in index.words[word]:
                if cue[0] != "name" or zone.weight > 1.0:
                    found[cue] = found.get(cue, 0.0) + counts[word] * zone.weight
        for cue, count in _phrases_in(zone.words, index):
            if cue[0] != "name" or zone.weight > 1.0:
                found[cue] = found.get(cue, 0.0) + count * zone.weight
        for label in _LABEL.findall(zone.text):
            written = _written(label)
            if written in index.lines:
                found["line", written] = found.get(("line", written), 0.0) + 1.0
        if _UNSPACED.search(zone.text):
            for cue, count in _unspaced_in(zone.text, index):
                found[cue] = found.get(cue, 0.0) + count * zone.weight
    return found


def _phrases_in(words: Sequence[str], index: CueIndex) -> Iterator[tuple[Cue, int]]:
    for pair, places in _places(words, index).items():
        for following, cues in index.phrases[pair]:
            count = len(places)
            if following:
                count = sum(tuple(words[place : place + len(following)]) == following for place in places)
            if count:
                for cue in cues:
                    yield cue, count


def _places(words: Sequence[str], index: CueIndex) -> dict[tuple[str, str], list[int]]:
    """Where the words after each pair that begins a phrase are."""
    places: dict[tuple[str, str], list[int]] = {pair: [] for pair in index.phrases.keys() & set(pairwise(words))}
    if places:
        for place, pair in enumerate(pairwise(words), start=2):
            if pair in places:
                places[pair].append(place)
    return places


def _unspaced_in(text: str, index: CueIndex) -> Iterator[tuple[Cue, int]]:
    folded = text.casefold()
    for written, cues in index.unspaced.items():
        count = folded.count(written)
        if count:
            for cue in cues:
                yield cue, count
