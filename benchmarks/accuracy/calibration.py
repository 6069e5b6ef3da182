"""What a calibration on a few labelled documents is worth on all the others."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Final, NamedTuple

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from benchmarks.labelling.figures import Figure
from classify_core import Classifier
from classify_core.errors import TooFewLabelsError
from classify_core.evaluation import Evaluation, evaluate

SEED: Final = 7
SPLITS: Final = 10
LABELLED: Final = 50


class Split(NamedTuple):
    """The answers to documents that were not calibrated on."""

    before: Evaluation
    after: Evaluation


def measured_calibration(measurement: Measurement) -> Section:
    """Has all documents classified, then calibrates on some that are drawn by lot, ten times."""
    figures = [
        *_figures(measurement, "one at a time", one_by_one=True),
        *_figures(measurement, "batch", one_by_one=False),
    ]
    return Section.of(f"calibrated on {LABELLED} documents, measured on the others, mean of {SPLITS} splits", figures)


def _figures(measurement: Measurement, what: str, *, one_by_one: bool) -> list[Figure]:
    labelled = measurement.corpus.labelled
    if len(labelled) < 2 * LABELLED:
        return [Figure(what, f"not measured: it takes {2 * LABELLED} documents")]
    # What is in its cache is not classified again, neither to calibrate nor to measure.
    with measurement.classifier(cache=True) as classifier:
        splits = list(_splits(measurement, classifier, evaluate(classifier, labelled, one_by_one=one_by_one)))
    refused = SPLITS - len(splits)
    figures = [Figure(f"splits refused as too thin, {what}", str(refused))] if refused else []
    return [*_means(what, splits), *figures] if splits else figures


def _splits(measurement: Measurement, classifier: Classifier, raw: Evaluation) -> Iterator[Split]:
    labelled = measurement.corpus.labelled
    lot = random.Random(SEED)  # noqa: S311 - the same each time is what is wanted
    for _ in range(SPLITS):
        drawn = set(lot.sample(range(len(labelled)), LABELLED))
        try:
            classifier.calibrate([(labelled[place].source, labelled[place].label) for place in sorted(drawn)])
        except TooFewLabelsError:
            continue
        others = [place for place in range(len(labelled)) if place not in drawn]
        before = measurement.evaluation(raw.outcomes[place] for place in others)
        yield Split(before, evaluate(classifier, [labelled[place] for place in others], one_by_one=True))


def _means(what: str, splits: Sequence[Split]) -> list[Figure]:
    errors = [(before.ece, after.ece) for before, after in splits]
    scores = [(before.brier, after.brier) for before, after in splits]
    return [Figure(f"ECE, {what}", _told(errors)), Figure(f"Brier score, {what}", _told(scores))]


def _told(changes: Sequence[tuple[float | None, float | None]]) -> str:
    before, after = ([value or 0.0 for value in values] for values in zip(*changes, strict=True))
    return f"{fmean(before):.3f} -> {fmean(after):.3f}"
