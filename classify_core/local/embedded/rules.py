"""Rules, and the kinds of documents they are measured against, to texts and to vectors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from classify_core.local.embedded.kinds import KINDS, Described
from classify_core.local.embedded.vectors import Vector, mean, unit


@dataclass(frozen=True, slots=True)
class EmbeddedRules:
    """What a document is compared with.

    Attributes:
        rules: the rules' vectors, in their order.
        kinds: those of the kinds of documents.
    """

    rules: tuple[Vector, ...]
    kinds: tuple[Vector, ...]

    @property
    def length(self) -> int:
        """How many numbers each vector has."""
        return len(self.kinds[0])

    @classmethod
    def of(cls, vectors: Sequence[Vector]) -> Self:
        """Of the vectors of `texts_to_embed`."""
        both = tuple(unit(mean(pair)) for pair in zip(vectors[::2], vectors[1::2], strict=True))
        count = len(both) - len(KINDS)
        return cls(both[:count], both[count:])


def texts_to_embed(rules: Iterable[Described]) -> list[str]:
    """Two texts a rule and a kind: the name alone counts as much as name and description, which may be long."""
    readable = [(name.replace("_", " "), description) for name, description in (*rules, *KINDS)]
    return [text for name, description in readable for text in (name, f"{name}: {description}")]
