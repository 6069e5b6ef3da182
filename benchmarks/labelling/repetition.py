"""What is classified when documents of which one is new are labelled a second time."""

from __future__ import annotations

from benchmarks.labelling.corpus import Corpus, CountingBackend
from benchmarks.labelling.figures import Figure, exactly
from benchmarks.labelling.framework import Chunk, Framework, chunks_of_all
from classify_core import Backend


def measured_repetition(framework: Framework[Chunk], corpus: Corpus, inner: Backend | None) -> list[Figure]:
    """Labels the labelled documents, and the same ones loaded anew, each time with another one more."""
    backend = CountingBackend(inner)
    label = framework.labelling(backend)
    labelled = label(chunks_of_all(framework, corpus))
    figures = []
    for number, (former, told) in enumerate(
        [(labelled, "labelled"), (chunks_of_all(framework, corpus), "loaded anew")]
    ):
        asked = backend.asked
        label([*former, *framework.chunks_of(corpus, corpus.documents + number)])
        figures.append(exactly(f"classifications of the same, {told}, and a new one", backend.asked - asked, 1))
    return figures
