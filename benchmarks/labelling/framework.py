"""What is told of a framework, so that the labelling of either is measured by the same code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from benchmarks.labelling.corpus import Corpus
from classify_core import Backend

Chunk = TypeVar("Chunk")


class Framework(Protocol[Chunk]):
    """A framework's chunks, and the component that labels them.

    Attributes:
        chunk: what the framework calls one.
        bare_copy: how a copy is made that labelling is measured against.
    """

    chunk: str
    bare_copy: str

    def chunks_of(self, corpus: Corpus, number: int) -> list[Chunk]:
        """The chunks of one document, made anew."""
        ...

    def copied(self, chunks: Sequence[Chunk]) -> list[Chunk]:
        """Bare copies."""
        ...

    def labelling(self, backend: Backend) -> Callable[[Sequence[Chunk]], list[Chunk]]:
        """What labels with a new component."""
        ...


def chunks_of_all(framework: Framework[Chunk], corpus: Corpus) -> list[Chunk]:
    """The chunks of all documents, made anew."""
    return [chunk for number in range(corpus.documents) for chunk in framework.chunks_of(corpus, number)]
