"""What speaks for each kind of documents: the cues that stand in a document, its layout and its format."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, count, pairwise
from typing import TYPE_CHECKING, Final

from classify_core.local.lexical.cue_index import Cue, CueIndex, written
from classify_core.local.lexical.terms import has_unspaced_script

if TYPE_CHECKING:
    from classify_core.local.lexical.reading import Reading, Zone

# How soon finding a cue again adds no more.
_SATURATIONS: Final[Mapping[str, float]] = {"line": 0.4, "phrase": 0.6, "name": 1.5, "word": 1.5}
# In words: longer texts hold more of everything by chance.
_TYPICAL_LENGTH = 400.0
_LENGTH_INFLUENCE = 0.6
# In words: a text of so many has half of the layout that its author would give a longer one.
_LENGTH_OF_HALF_A_LAYOUT = 20.0

_LONGEST_LABEL = 47
_BEFORE_LABELS = " \t#>*|•·▪●-\u2013=_.()[]0123456789"
# A label ends at a colon, a tab, a wide gap or an amount.
_END_OF_LABEL = re.compile(r"[:\uff1a\t|]|  | (?=[\d$€£])")


@dataclass(slots=True)
class KindMatch:
    """What speaks for one kind.

    Attributes:
        score: the more the likelier; below 0.0 where its layout speaks against it.
        shares: the cues found, with what each adds.
    """

    score: float = 0.0
    shares: list[tuple[float, Cue]] = field(default_factory=list)


def match_kinds(reading: Reading, index: CueIndex) -> list[KindMatch]:
    """Returns what speaks for each kind, in the order of `index.kinds`."""
    matches = [KindMatch() for _ in index.kinds]
    _add_cues(matches, reading, index)
    for position, weight in index.formats.get(reading.document.format, ()):
        matches[position].score += weight
    _add_layout(matches, reading, index)
    return matches


def _add_cues(matches: Sequence[KindMatch], reading: Reading, index: CueIndex) -> None:
    relative_length = 1.0 - _LENGTH_INFLUENCE + _LENGTH_INFLUENCE * reading.length / _TYPICAL_LENGTH
    best: dict[tuple[int, str], tuple[float, Cue]] = {}
    for cue, found in _found(reading, index).items():
        strength = found / (found + _SATURATIONS[cue.what] * relative_length)
        for position, weight in index.weights[cue]:
            # What is both a name and a phrase, or a line, is found twice and counts once.
            share = weight * strength
            if share > best.get((position, cue.words), (0.0, cue))[0]:
                best[position, cue.words] = share, cue
    for (position, _), (share, cue) in best.items():
        matches[position].score += share
        matches[position].shares.append((share, cue))


def _add_layout(matches: Sequence[KindMatch], reading: Reading, index: CueIndex) -> None:
    certainty = reading.terms / (reading.terms + _LENGTH_OF_HALF_A_LAYOUT)
    for match, weight in zip(matches, index.signless, strict=True):
        match.score += certainty * weight
    for sign, value in reading.layout.items():
        for position, weight in index.signs.get(sign, ()):
            matches[position].score += certainty * weight * value


def _found(reading: Reading, index: CueIndex) -> dict[Cue, float]:
    """How often each cue stands in the document; in its title, headings and top it counts more."""
    found: dict[Cue, float] = {}
    for zone in reading.zones:
        for cue, occurrences in _found_in(zone, index):
            # A document is called what it is where it begins; elsewhere others are called so.
            if cue.what != "name" or zone.is_prominent:
                found[cue] = found.get(cue, 0.0) + occurrences * (1.0 if cue.what == "line" else zone.weight)
    return found


def _found_in(zone: Zone, index: CueIndex) -> Iterator[tuple[Cue, int]]:
    for word, occurrences in zone.counts.items():
        for cue in index.words.get(word, ()):
            yield cue, occurrences
    yield from _phrases_in(zone.words, index)
    for label in _labels_in(zone.text):
        line = index.lines.get(written(label))
        if line is not None:
            yield line, 1
    if has_unspaced_script(zone.text):
        yield from _unspaced_in(zone.text, index)


def _phrases_in(words: Sequence[str], index: CueIndex) -> Iterator[tuple[Cue, int]]:
    places = compress(count(), map(index.phrases.__contains__, pairwise(words)))
    for place in places:
        for phrase in index.phrases[words[place], words[place + 1]]:
            if tuple(words[place + 2 : place + 2 + len(phrase.following)]) == phrase.following:
                yield from ((cue, 1) for cue in phrase.cues)


def _labels_in(text: str) -> Iterator[str]:
    """Yields the beginnings of lines, without numbering and marks."""
    for line in text.splitlines():
        # The rest of a longer line cannot be part of a label.
        label = _END_OF_LABEL.split(line.lstrip(_BEFORE_LABELS)[: _LONGEST_LABEL + 2], 1)[0].rstrip(" \t*_")
        if 1 < len(label) <= _LONGEST_LABEL and label[0].isalpha():
            yield label


def _unspaced_in(text: str, index: CueIndex) -> Iterator[tuple[Cue, int]]:
    folded = text.casefold()
    for words, cues in index.unspaced.items():
        if words in folded:
            occurrences = folded.count(words)
            yield from ((cue, occurrences) for cue in cues)
