"""Traits to rows of numbers: weighted terms and signs of layout."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from classify_core.local.adaptation.traits import SIGN_ORDER, Traits

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_FEWEST_OWNERS: Final = 2
# Of fewer documents what one has alone counts too: examples of different types share little more than stop words, by
# which any text would be like them.
_FEW_DOCUMENTS: Final = 24
_MOST_OWNERS_SHARE: Final = 0.6
_MOST_TERMS: Final = 20_000
# So that all signs together weigh about as much as all terms do.
_LAYOUT_WEIGHT: Final = 2.0 / math.sqrt(len(SIGN_ORDER))


@dataclass(frozen=True)
class Weighting:
    """Which terms count, and how much: TF-IDF with logarithmic frequencies, rows of length 1.

    Attributes:
        terms: the terms, sorted.
        rarities: of each the inverse document frequency.
    """

    terms: tuple[str, ...] = field(repr=False)
    rarities: tuple[float, ...] = field(repr=False)

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """The column of each term."""
        return {term: column for column, term in enumerate(self.terms)}

    def rows(self, documents: Iterable[Traits]) -> csr_matrix[Any]:
        """One row a document: its terms, then its signs of layout."""
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - only where something is learned

        values: list[float] = []
        columns: list[int] = []
        ends = [0]
        for traits in documents:
            row = self.row(traits)
            columns += row
            values += row.values()
            ends.append(len(values))
        return csr_matrix((values, columns, ends), shape=(len(ends) - 1, len(self.terms) + len(SIGN_ORDER)))

    def row(self, traits: Traits) -> dict[int, float]:
        """A document's values by column."""
        known = self.columns.keys() & traits.terms.keys()
        columns = sorted(self.columns[term] for term in known)
        weights = [(1.0 + math.log(traits.terms[self.terms[column]])) * self.rarities[column] for column in columns]
        norm = math.hypot(*weights) or 1.0
        row = {column: weight / norm for column, weight in zip(columns, weights, strict=True)}
        for place, value in enumerate(traits.layout, start=len(self.terms)):
            if value:
                row[place] = _LAYOUT_WEIGHT * value
        return row


def weighting_of(documents: Sequence[Traits]) -> Weighting:
    """Returns the weighting that tells documents apart best: neither what one of many has alone nor what most have."""
    owners: Counter[str] = Counter()
    for traits in documents:
        owners.update(traits.terms.keys())
    most = max(_FEWEST_OWNERS + 1, _MOST_OWNERS_SHARE * len(documents))
    fewest = 1 if len(documents) < _FEW_DOCUMENTS else _FEWEST_OWNERS
    kept = [(count, term) for term, count in owners.items() if fewest <= count <= most]
    kept.sort(key=lambda each: (-each[0], each[1]))
    terms = sorted(term for _, term in kept[:_MOST_TERMS])
    rarities = tuple(math.log((len(documents) + 1.0) / (owners[term] + 0.5)) for term in terms)
    return Weighting(tuple(terms), rarities)
