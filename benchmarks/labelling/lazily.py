"""What is classified, and how much memory it takes, when LangChain's documents come and go one by one."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from typing import Final

from langchain_core.documents import Document

from benchmarks.labelling.chunks import Chunks
from benchmarks.labelling.corpus import RULES, Corpus, CountingBackend
from benchmarks.labelling.figures import MEBIBYTE, Figure, at_most_mebibytes, exactly
from classify_core import Backend
from langchain_classify import ClassifyDocumentTransformer

MOST_BYTES: Final = 50 * MEBIBYTE


def measured_lazily(corpus: Corpus, inner: Backend | None) -> list[Figure]:
    """Labels chunks that nobody holds, neither before nor after."""
    backend = CountingBackend(inner)
    transformer = ClassifyDocumentTransformer(RULES, backend=backend)
    transformer.transform_documents(Chunks().chunks_of(corpus, corpus.documents))  # what is made once is none of theirs
    gc.collect()
    tracemalloc.start()
    try:
        labelled = sum(1 for _ in transformer.lazy_transform_documents(_chunks(corpus)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    what = f"{labelled:,} chunks labelled lazily"
    return [
        exactly(f"classifications of {what}", backend.asked - 1, corpus.documents),
        at_most_mebibytes(f"memory at most, of {what}", peak, MOST_BYTES),
    ]


def _chunks(corpus: Corpus) -> Iterator[Document]:
    for number in range(corpus.documents):
        yield from Chunks().chunks_of(corpus, number)
