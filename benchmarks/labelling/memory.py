"""How much memory labelling takes, beside what the chunks themselves take."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Final

from benchmarks.labelling.corpus import Corpus, CountingBackend
from benchmarks.labelling.figures import MEBIBYTE, Figure, at_most
from benchmarks.labelling.framework import Chunk, Framework, chunks_of_all
from classify_core import Backend

MOST_GROWTH: Final = 1.0


def measured_memory(framework: Framework[Chunk], corpus: Corpus, inner: Backend | None) -> list[Figure]:
    """Labels the chunks while all that Python allocates is counted.

    The peak holds the labelled copies, which stay, and whatever the component needs meanwhile.
    """
    label = framework.labelling(CountingBackend(inner))
    label(framework.chunks_of(corpus, 0))  # what is made once is none of a chunk's
    gc.collect()
    tracemalloc.start()
    try:
        chunks = chunks_of_all(framework, corpus)
        own, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        labelled = label(chunks)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    told = f" ({own / MEBIBYTE:.0f} MiB)"
    beyond = f"memory at most, beyond the {framework.chunk}s"
    return [
        at_most(beyond, (peak - own) / own, MOST_GROWTH, of="their own", told=told),
        Figure(f"memory of the {len(labelled):,} labelled copies", f"{(kept - own) / own:.2f} x their own"),
    ]
