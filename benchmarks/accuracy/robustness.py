"""Whether documents of one call ever do each other harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Final

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from benchmarks.accuracy.sub_batches import SubBatch, sub_batches
from benchmarks.labelling.figures import Figure
from classify_core.evaluation import Evaluation

MOST_LOST: Final = 0.02
# Shares of different numbers of documents differ by less than this when they are equal.
_ROUNDING: Final = 1e-9


@dataclass(frozen=True)
class Change:
    """What a batch brought its documents, as a share of them.

    Attributes:
        kind: of batch.
        right: of the documents of a type, whose best guess is right.
        accuracy: of all, whose answer is right, be it that no rule fits.
    """

    kind: str
    right: float
    accuracy: float


def measured_robustness(measurement: Measurement) -> Section:
    """Classifies sub-batches, and compares with each of their documents by itself."""
    changes = [_change(measurement, batch) for batch in sub_batches(measurement.corpus.labelled)]
    figures = [_figure(kind, changes) for kind in dict.fromkeys(change.kind for change in changes)]
    right, accuracy = [change.right for change in changes], [change.accuracy for change in changes]
    figures += [
        Figure("all of them", _told(right)),
        _below("of these more than 0.02 below", right),
        Figure("accuracy with null, all of them", _told(accuracy)),
        _below("of these more than 0.02 below, with null", accuracy),
    ]
    return Section.of(f"{len(changes)} sub-batches: right as a batch minus right one by one", figures)


def _change(measurement: Measurement, batch: SubBatch) -> Change:
    together, alone = measurement.batch(batch.labelled), measurement.alone_of(batch.labelled)
    accuracy = together.accuracy.value - alone.accuracy.value
    return Change(batch.kind, _right(together) - _right(alone), accuracy)


def _right(evaluation: Evaluation) -> float:
    return 0.0 if evaluation.best_guess is None else evaluation.best_guess.value


def _figure(kind: str, changes: Sequence[Change]) -> Figure:
    return Figure(kind, _told([change.right for change in changes if change.kind == kind]))


def _told(changes: Sequence[float]) -> str:
    return f"mean {fmean(changes):+.3f}, worst {min(changes):+.3f}"


def _below(what: str, changes: Sequence[float]) -> Figure:
    count = sum(change < -MOST_LOST - _ROUNDING for change in changes)
    return Figure(what, str(count), "0", holds=count == 0)
