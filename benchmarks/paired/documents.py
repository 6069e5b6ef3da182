"""The documents of the benchmark: distinct texts of about 2 KB, the same for the same seed.

Both clients make them from this file, so it may import nothing but the standard library.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final, NamedTuple

WORD_COUNT: Final = 300

_OPENINGS: Final = (
    "Invoice number {number}. Line items with prices and tax, and the total amount due for payment.",
    "Contract number {number}. A legal agreement of two parties with clauses on term, payment and termination.",
    "Minutes of meeting {number}. Who attended, the agenda, what was discussed, decisions and action items.",
    "Press release number {number}. The company announces news to the media, with quotes and a press contact.",
)
_WORDS: Final = (
    "lamp",
    "table",
    "paper",
    "garden",
    "window",
    "letter",
    "market",
    "river",
    "winter",
    "summer",
    "bridge",
)


class Document(NamedTuple):
    """A text and the name under which it goes."""

    name: str
    text: str


def documents(count: int, seed: int) -> Iterator[Document]:
    """So many documents, each made as it is asked for."""
    for number in range(count):
        drawn = random.Random(f"{seed} {number}")  # noqa: S311 - to be repeated, not to be secret
        opening = _OPENINGS[number % len(_OPENINGS)].format(number=f"{seed}-{number}")
        yield Document(f"{seed}-{number:06}.txt", f"{opening}\n{' '.join(drawn.choices(_WORDS, k=WORD_COUNT))}.\n")
