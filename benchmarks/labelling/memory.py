"""How much memory labelling takes, beside what the nodes themselves take."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Final

from benchmarks.labelling.corpus import RULES, Corpus, CountingBackend
from benchmarks.labelling.figures import Figure, at_most
from classify_core import Backend
from llama_index_classify import ClassifyTransform

MOST_GROWTH: Final = 1.0
_MIB: Final = 1024**2


def measured_memory(corpus: Corpus, inner: Backend | None) -> list[Figure]:
    """Labels the nodes while all that Python allocates is counted.

    The peak holds the labelled copies, which stay, and whatever the step needs meanwhile.
    """
    step = ClassifyTransform(RULES, backend=CountingBackend(inner))
    step(list(corpus.nodes_of(0)))  # what is made once is none of a node's
    gc.collect()
    tracemalloc.start()
    try:
        nodes = corpus.nodes()
        own, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        labelled = step(nodes)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    told = f" ({own / _MIB:.0f} MiB)"
    return [
        at_most("memory at most, beyond the nodes", (peak - own) / own, MOST_GROWTH, of="their own", told=told),
        Figure(f"memory of the {len(labelled):,} labelled copies", f"{(kept - own) / own:.2f} x their own"),
    ]
