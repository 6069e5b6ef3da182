"""A document whose right type somebody has told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from classify_core.source import Source, SourceLike


@dataclass(frozen=True, slots=True)
class Labelled:
    """A document and its label.

    Attributes:
        source: the document.
        label: the type that it has; None where it is none of the rules' types.
        name: what figures and lists call it.
    """

    source: Source
    label: str | None
    name: str

    @classmethod
    def of(cls, source: SourceLike, label: str | None, *, name: str | None = None) -> Self:
        """Labels a text, path, bytes or `Source`."""
        made = Source.of(source)
        return cls(made, label, name or made.name or "document")
