"""New documents in the place of labelled ones: what was handed over is never changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from langchain_core.documents import Document

if TYPE_CHECKING:
    from classify_core.labels import Labelled


def labelled_documents(documents: Sequence[Document], labelled: Sequence[Labelled]) -> list[Document]:
    """Those of the documents that remain, as new ones with their labels; a copy with a new dict keeps ID and class."""
    return [documents[one.index].model_copy(update={"metadata": one.metadata}) for one in labelled]
