"""Whether the same documents get the same answers, in whatever order they come."""

from __future__ import annotations

import random
from typing import Final, TypeAlias

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from benchmarks.labelling.figures import Figure, exactly
from classify_core.evaluation import Evaluation

SEED: Final = 7

_Said: TypeAlias = dict[str, tuple[str | None, float | None, str]]


def measured_determinism(measurement: Measurement) -> Section:
    """Classifies all documents as one batch again, and in two other orders."""
    first, labelled = _said(measurement.together), list(measurement.corpus.labelled)
    figures = [_figure("again", first, _said(measurement.batch(labelled)))]
    lot = random.Random(SEED)  # noqa: S311 - the same each time is what is wanted
    for number in (1, 2):
        lot.shuffle(labelled)
        figures.append(_figure(f"in another order ({number})", first, _said(measurement.batch(labelled))))
    return Section.of("documents whose type, confidence or reasoning is another", figures)


def _said(evaluation: Evaluation) -> _Said:
    return {
        each.name: (each.answer.type, each.answer.confidence, each.answer.reasoning) for each in evaluation.outcomes
    }


def _figure(what: str, first: _Said, second: _Said) -> Figure:
    return exactly(what, sum(said != second[name] for name, said in first.items()), 0)
