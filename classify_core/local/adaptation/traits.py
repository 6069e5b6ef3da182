"""A document as the model sees it: how often each of its terms stands in it, and its signs of layout."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from classify_core.local.lexical.layout import SIGNS
from classify_core.local.lexical.reading import read
from classify_core.local.lexical.terms import terms_of

if TYPE_CHECKING:
    from classify_core.engine import ParsedDocument

SIGN_ORDER: Final = tuple(sorted(SIGNS))
"""The signs of layout, in the order in which traits hold them."""

_MOST_OFTEN = 65_535


@dataclass(frozen=True, slots=True)
class Traits:
    """What the model sees of one document.

    Attributes:
        terms: its terms with the number of occurrences of each.
        layout: its signs of layout, in `SIGN_ORDER`.
    """

    terms: Mapping[str, int] = field(repr=False)
    layout: tuple[float, ...] = field(repr=False)


def traits_of(document: ParsedDocument) -> Traits:
    """Returns what the model sees of a document, of a long one what the engine reads of it."""
    reading = read(document)
    terms: Counter[str] = Counter()
    for zone in reading.zones:
        terms.update(terms_of(zone.words))
    return Traits(terms, tuple(reading.layout.get(sign, 0.0) for sign in SIGN_ORDER))


class TraitStore:
    """The traits of many documents, packed: a term is kept once however many documents have it."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._terms: list[str] = []
        self._packed: list[tuple[array[int], array[int], array[float]]] = []

    def add(self, traits: Traits) -> None:
        """Adds a document's traits."""
        numbers = array("I", (self._number(term) for term in traits.terms))
        counts = array("H", (min(count, _MOST_OFTEN) for count in traits.terms.values()))
        self._packed.append((numbers, counts, array("f", traits.layout)))

    def _number(self, term: str) -> int:
        number = self._numbers.get(term)
        if number is None:
            number = self._numbers[term] = len(self._terms)
            self._terms.append(term)
        return number

    def __getitem__(self, position: int) -> Traits:
        """The traits of a document, by the order in which they were added."""
        numbers, counts, layout = self._packed[position]
        terms = self._terms
        return Traits({terms[number]: count for number, count in zip(numbers, counts, strict=True)}, tuple(layout))
