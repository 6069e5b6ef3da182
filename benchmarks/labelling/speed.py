"""How long a node takes to be labelled, beside a bare copy of it."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from llama_index.core.schema import BaseNode

from benchmarks.labelling.corpus import RULES, Corpus, CountingBackend
from benchmarks.labelling.figures import Figure, at_most, exactly
from classify_core import Backend
from llama_index_classify import ClassifyTransform

MOST_COPIES: Final = 4.0
_MICROSECONDS: Final = 1e6


@dataclass(frozen=True)
class Round:
    """One pass over all nodes, in seconds.

    Attributes:
        bare: the processor time of copying them with `model_copy()` and nothing else.
        labelling: that of labelling them, everything that the step does included.
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


def measured_speed(corpus: Corpus, rounds: int, inner: Backend | None) -> list[Figure]:
    """Labels the nodes as often as there are rounds, in turn with copying them.

    Processor time is compared, all threads of the process together: it is the same on a busy machine. The garbage
    collector is at work as it would be in anybody's program.
    """
    nodes = corpus.nodes()
    passes = [_round(nodes, inner) for _ in range(rounds)]
    return [
        exactly(_first(corpus), max(one.asked for one in passes), corpus.documents),
        exactly("classifications of the same, labelled", max(one.asked_again for one in passes), 0),
        Figure("seconds to label them", f"{statistics.median(one.wall for one in passes):.2f}"),
        _labelling(passes, corpus, is_alone=inner is None),
        Figure(
            "labelling a labelled node",
            f"{statistics.median(one.again / one.bare for one in passes):.2f} x model_copy()",
        ),
    ]


def _labelling(passes: Sequence[Round], corpus: Corpus, *, is_alone: bool) -> Figure:
    """The aim is one of labelling alone: what an engine takes besides is its own."""
    ratio = statistics.median(one.labelling / one.bare for one in passes)
    microseconds = statistics.median(one.labelling for one in passes) / corpus.node_count * _MICROSECONDS
    told = f" ({microseconds:.1f} us)"
    if is_alone:
        return at_most("labelling a node", ratio, MOST_COPIES, of="model_copy()", told=told)
    return Figure("labelling a node, classification included", f"{ratio:.2f} x model_copy(){told}")


def _first(corpus: Corpus) -> str:
    return f"classifications of {corpus.documents:,} documents in {corpus.node_count:,} nodes"


def _round(nodes: Sequence[BaseNode], inner: Backend | None) -> Round:
    backend = CountingBackend(inner)
    # Nothing that a former round was answered is known.
    step = ClassifyTransform(RULES, backend=backend)
    bare, _, _ = _timed(lambda: [node.model_copy() for node in nodes])
    labelling, wall, labelled = _timed(lambda: step(nodes))
    asked = backend.asked
    again, _, _ = _timed(lambda: step(labelled))
    return Round(bare, labelling, again, wall, asked, backend.asked - asked)


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Processor time and wall time of some work, in seconds, and what it came to."""
    gc.collect()  # what went before is not collected at the cost of this
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return time.process_time() - processor, time.perf_counter() - wall, result
