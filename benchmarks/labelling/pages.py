"""What is classified of a file that a loader gives page by page."""

from __future__ import annotations

from typing import Final

from benchmarks.labelling.corpus import Corpus, CountingBackend
from benchmarks.labelling.figures import Figure, exactly
from benchmarks.labelling.framework import Chunk, Framework
from classify_core import Backend

PAGES: Final = 30


def measured_pages(framework: Framework[Chunk], characters: int, inner: Backend | None) -> Figure:
    """Labels the pages of one file."""
    backend = CountingBackend(inner)
    framework.labelling(backend)(framework.chunks_of(Corpus(1, PAGES, characters), 0))
    return exactly(f"classifications of {PAGES} pages of one file", backend.asked, 1)
