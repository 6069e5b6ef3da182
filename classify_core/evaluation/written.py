"""A document and its label as it is written somewhere, before it is known which type it means."""

from __future__ import annotations

from dataclasses import dataclass

from classify_core.source import Source


@dataclass(frozen=True, slots=True)
class WrittenLabel:
    """One labelled document as it was found.

    Attributes:
        source: the document.
        label: the label as written; None where it says that the document has no type.
        name: what lists call the document.
        place: where the label stands, for errors.
    """

    source: Source
    label: str | None
    name: str
    place: str
