"""What a calibration on a few labelled documents is worth on all the others."""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean
from typing import Final, NamedTuple, TypeAlias

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from benchmarks.labelling.figures import Figure
from classify_core.calibration import Quality, fit
from classify_core.errors import TooFewLabelsError
from classify_core.evaluation import Evaluation

SEED: Final = 7
SPLITS: Final = 10
LABELLED: Final = 50

_Pairs: TypeAlias = Sequence[tuple[float, bool]]


class Split(NamedTuple):
    """Of the documents that were not calibrated on."""

    before: Quality
    after: Quality


def measured_calibration(measurement: Measurement) -> Section:
    """Calibrates on documents drawn by lot, ten times, both what each got by itself and what it got in the batch."""
    figures = [*_figures("one at a time", measurement.alone), *_figures("batch", measurement.together)]
    return Section.of(f"calibrated on {LABELLED} documents, measured on the others, mean of {SPLITS} splits", figures)


def _figures(what: str, evaluation: Evaluation) -> list[Figure]:
    pairs = evaluation.judged_confidences
    if len(pairs) < 2 * LABELLED:
        return [Figure(what, f"not measured: it takes {2 * LABELLED} documents")]
    lot = random.Random(SEED)  # noqa: S311 - the same each time is what is wanted
    splits = [split for split in (_split(pairs, lot) for _ in range(SPLITS)) if split is not None]
    refused = SPLITS - len(splits)
    figures = [Figure(f"splits refused as too thin, {what}", str(refused))] if refused else []
    return [*_means(what, splits), *figures] if splits else figures


def _means(what: str, splits: Sequence[Split]) -> list[Figure]:
    errors = [(before.expected_calibration_error, after.expected_calibration_error) for before, after in splits]
    scores = [(before.brier_score, after.brier_score) for before, after in splits]
    return [Figure(f"ECE, {what}", _told(errors)), Figure(f"Brier score, {what}", _told(scores))]


def _told(changes: Sequence[tuple[float, float]]) -> str:
    before, after = zip(*changes, strict=True)
    return f"{fmean(before):.3f} -> {fmean(after):.3f}"


def _split(pairs: _Pairs, lot: random.Random) -> Split | None:
    """Calibrates on some and measures on the others; None where those that were drawn are refused."""
    drawn = set(lot.sample(range(len(pairs)), LABELLED))
    try:
        calibration = fit([pairs[position] for position in sorted(drawn)]).calibration
    except TooFewLabelsError:
        return None
    confidences, right = zip(*(pair for position, pair in enumerate(pairs) if position not in drawn), strict=True)
    return Split(Quality.of(confidences, right), Quality.of([calibration(each) for each in confidences], right))
