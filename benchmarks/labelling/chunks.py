"""LangChain's documents, and `ClassifyDocumentTransformer`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from langchain_core.documents import Document

from benchmarks.labelling.corpus import RULES, Corpus
from classify_core import Backend
from langchain_classify import ClassifyDocumentTransformer

_CHUNKS_A_PAGE: Final = 4


class Chunks:
    """Documents as a loader of PDF pages and a splitter that adds `start_index` leave them."""

    chunk = "chunk"
    bare_copy = "Document(...)"

    def chunks_of(self, corpus: Corpus, number: int) -> list[Document]:
        """The chunks of one file, made anew."""
        return [
            Document(
                id=f"document-{number}-{position}",
                page_content=corpus.text(number, position),
                metadata=_metadata(corpus, number, position),
            )
            for position in range(corpus.chunks_a_document)
        ]

    def copied(self, chunks: Sequence[Document]) -> list[Document]:
        """New documents with the ID and the metadata of the old: what whoever changes metadata makes at least."""
        return [Document(id=one.id, page_content=one.page_content, metadata=dict(one.metadata)) for one in chunks]

    def labelling(self, backend: Backend) -> Callable[[Sequence[Document]], list[Document]]:
        """A new transformer's `transform_documents`."""
        return ClassifyDocumentTransformer(RULES, backend=backend).transform_documents


def _metadata(corpus: Corpus, number: int, position: int) -> dict[str, str | int]:
    """What LangChain's loaders of PDF files write, and a key of somebody's own."""
    page, place = divmod(position, _CHUNKS_A_PAGE)
    return {
        "producer": "a program",
        "creator": "another",
        "creationdate": "2026-03-01T09:00:00+00:00",
        "source": f"/data/inbox/document-{number}.pdf",
        "total_pages": -(-corpus.chunks_a_document // _CHUNKS_A_PAGE),
        "page": page,
        "page_label": str(page + 1),
        "start_index": place * corpus.characters,
        "author": f"author {number % 17}",
    }
