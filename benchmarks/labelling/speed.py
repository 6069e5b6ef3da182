"""How long a chunk takes to be labelled, beside a bare copy of it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.labelling.corpus import Corpus, CountingBackend
from benchmarks.labelling.figures import Figure, at_most, exactly
from benchmarks.labelling.framework import Chunk, Framework, chunks_of_all
from benchmarks.labelling.timing import MICROSECONDS, timed
from classify_core import Backend

MOST_COPIES: Final = 4.0


@dataclass(frozen=True)
class Round:
    """One pass over all chunks, in seconds.

    Attributes:
        bare: the processor time of copying them and nothing else.
        labelling: that of labelling them, everything that the component does included.
        again: that of labelling what is labelled already.
        wall: the time that labelling them took.
        asked: how many classifications that were.
        asked_again: how many the second time.
    """

    bare: float
    labelling: float
    again: float
    wall: float
    asked: int
    asked_again: int


def measured_speed(framework: Framework[Chunk], corpus: Corpus, rounds: int, inner: Backend | None) -> list[Figure]:
    """Labels the chunks as often as there are rounds, in turn with copying them; processor times are compared."""
    chunks = chunks_of_all(framework, corpus)
    passes = [_round(framework, chunks, inner) for _ in range(rounds)]
    return [
        exactly(_first(framework, corpus), max(one.asked for one in passes), corpus.documents),
        exactly("classifications of the same, labelled", max(one.asked_again for one in passes), 0),
        Figure("seconds to label them", f"{statistics.median(one.wall for one in passes):.2f}"),
        _labelling(framework, passes, corpus, is_alone=inner is None),
        Figure(
            f"labelling a labelled {framework.chunk}",
            f"{statistics.median(one.again / one.bare for one in passes):.2f} x {framework.bare_copy}",
        ),
    ]


def _labelling(framework: Framework[Chunk], passes: Sequence[Round], corpus: Corpus, *, is_alone: bool) -> Figure:
    """The aim is one of labelling alone: what an engine takes besides is its own."""
    ratio = statistics.median(one.labelling / one.bare for one in passes)
    microseconds = statistics.median(one.labelling for one in passes) / corpus.chunk_count * MICROSECONDS
    what, told = f"labelling a {framework.chunk}", f" ({microseconds:.1f} us)"
    if is_alone:
        return at_most(what, ratio, MOST_COPIES, of=framework.bare_copy, told=told)
    return Figure(f"{what}, classification included", f"{ratio:.2f} x {framework.bare_copy}{told}")


def _first(framework: Framework[Chunk], corpus: Corpus) -> str:
    return f"classifications of {corpus.documents:,} documents in {corpus.chunk_count:,} {framework.chunk}s"


def _round(framework: Framework[Chunk], chunks: Sequence[Chunk], inner: Backend | None) -> Round:
    backend = CountingBackend(inner)
    # Nothing that a former round was answered is known.
    label = framework.labelling(backend)
    bare, _ = timed(lambda: framework.copied(chunks))
    labelling, labelled = timed(lambda: label(chunks))
    asked = backend.asked
    again, _ = timed(lambda: label(labelled))
    return Round(bare.processor, labelling.processor, again.processor, labelling.wall, asked, backend.asked - asked)
