"""The filter of `InMemoryVectorStore`, which asks a function of each document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classify_core.filtering import LabelFilter

if TYPE_CHECKING:
    from langchain_core.documents import Document


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Whether a document carries a label that was asked for; comparable, picklable, and a function of a document.

    Attributes:
        wanted: the labels asked for.
    """

    wanted: LabelFilter

    def __call__(self, document: Document) -> bool:
        """True where the document's type is one of those asked for, and sure enough."""
        return self._has_type(document) and self._is_sure(document)

    def _has_type(self, document: Document) -> bool:
        found = document.metadata.get(self.wanted.type_key)
        return isinstance(found, str) and found in self.wanted.types

    def _is_sure(self, document: Document) -> bool:
        if self.wanted.min_confidence is None:
            return True
        found = document.metadata.get(self.wanted.confidence_key)
        return isinstance(found, (int, float)) and found >= self.wanted.min_confidence
