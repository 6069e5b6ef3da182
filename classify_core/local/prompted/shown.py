"""What a model sees of a document, fenced off from what it is told."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Self

from classify_core.engine import ParsedDocument
from classify_core.local.excerpt import Part, excerpt, text_with_title
from classify_core.local.prompted.quotes import has_substance, stands_in

_MARKER_LENGTH = 16


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """The parts of a document that fit into a prompt.

    Its name is not among them: whoever sends a document names it, so the name is no evidence.
    """

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, document: ParsedDocument, *, max_characters: int) -> Self:
        """The document's beginning, middle and end where it is longer."""
        return cls(excerpt(text_with_title(document), max_characters))

    @property
    def has_gaps(self) -> bool:
        """Whether something is left out."""
        return len(self.parts) > 1

    @property
    def marker(self) -> str:
        """Characters that the document does not hold; its own digest, so that equal documents make equal prompts."""
        texts = [part.text for part in self.parts]
        marker = _digest("\0".join(texts))
        while any(marker in text for text in texts):
            marker = _digest(marker)
        return marker

    def fenced(self) -> str:
        """The parts between marks that the document cannot imitate, with a mark for each gap."""
        marker = self.marker
        lines = [f"<<<DOCUMENT {marker}>>>"]
        for part in self.parts:
            if part.left_out:
                lines.append(f"<<<GAP {marker}: {part.left_out:,} characters are left out here>>>")
            lines.append(part.text)
        return "\n".join([*lines, f"<<<END OF DOCUMENT {marker}>>>"])

    def fault_of(self, quote: str) -> str | None:
        """Why a quote proves nothing; None where it stands in one of the parts."""
        if not has_substance(quote):
            return "it quotes too little of the document to prove it"
        if not any(stands_in(quote, part.text) for part in self.parts):
            return "what it quotes is not in the document"
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_MARKER_LENGTH]
