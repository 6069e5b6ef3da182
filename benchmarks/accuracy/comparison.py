"""Ours beside methods that need no labels either: how much is right, what a confidence is worth, speed and memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.performances import MethodFailedError, ParsedCorpus, Unreadable
from benchmarks.accuracy.section import Section
from benchmarks.accuracy.task import Answer, Performance
from benchmarks.labelling.figures import MEBIBYTE
from classify_core import Alternative, Classification, Status
from classify_core.evaluation import Evaluation, Labelled, Outcome, Proportion

_PASSES: Final = 3
_RULES_ID: Final = "benchmark"
_ABSENT: Final = "-"


class Aim(NamedTuple):
    """What ours is to reach."""

    value: float
    is_least: bool = True

    def __str__(self) -> str:
        return f"{'at least' if self.is_least else 'at most'} {self.value:g}"

    def holds(self, value: float) -> bool:
        """Whether a figure does."""
        return value >= self.value if self.is_least else value <= self.value


@dataclass(frozen=True)
class Column:
    """A method and what was measured of it.

    Attributes:
        name: what the table calls it.
        alone: each document by itself; None where the method could not be run.
        together: all as one batch; the same for a method that learns nothing from a batch.
        speed: with one document at a time.
        batch_speed: with one batch, where that is something else.
    """

    name: str
    alone: Evaluation | None = None
    together: Evaluation | None = None
    speed: Performance | None = None
    batch_speed: Performance | None = None


@dataclass(frozen=True)
class Row:
    """A line of the table: a figure of each column."""

    what: str
    figure: Callable[[Column], float | None]
    aim: Aim | None = None
    digits: int = 3

    def cells(self, columns: list[Column]) -> tuple[str, ...]:
        """The line; ours is the last of the columns."""
        figures = [self.figure(column) for column in columns]
        shown = [_ABSENT if figure is None else f"{figure:,.{self.digits}f}" for figure in figures]
        ours = figures[-1]
        verdict = _ABSENT if self.aim is None or ours is None else "yes" if self.aim.holds(ours) else "no"
        return self.what, *shown, _ABSENT if self.aim is None else str(self.aim), verdict


def _alone(figure: Callable[[Evaluation], float | None]) -> Callable[[Column], float | None]:
    return lambda column: None if column.alone is None else figure(column.alone)


def _together(figure: Callable[[Evaluation], float | None]) -> Callable[[Column], float | None]:
    return lambda column: None if column.together is None else figure(column.together)


def _speed(column: Column) -> float | None:
    return column.speed and column.speed.documents_a_second


def _batch_speed(column: Column) -> float | None:
    return column.batch_speed and column.batch_speed.documents_a_second


def _memory(column: Column) -> float | None:
    return column.speed and column.speed.memory / MEBIBYTE


def _batch_memory(column: Column) -> float | None:
    return column.batch_speed and column.batch_speed.memory / MEBIBYTE


def _value(share: Proportion | None) -> float | None:
    return None if share is None else share.value


def _null_answered_null(evaluation: Evaluation) -> float | None:
    scores = evaluation.per_type[-1]
    return scores.recall


ROWS: Final = (
    Row("right, one document at a time", _alone(lambda each: _value(each.best_guess)), Aim(0.90)),
    Row("right, as one batch", _together(lambda each: _value(each.best_guess)), Aim(0.97)),
    Row("given a type, one at a time", _alone(lambda each: each.typed.value)),
    Row("given a type, batch", _together(lambda each: each.typed.value)),
    Row("null answered null, one at a time", _alone(_null_answered_null)),
    Row("null answered null, batch", _together(_null_answered_null)),
    Row("AUROC of confidence, one at a time", _alone(lambda each: each.auroc)),
    Row("AUROC of confidence, batch", _together(lambda each: each.auroc), Aim(0.92)),
    Row("ECE, one at a time, no labels used", _alone(lambda each: each.ece)),
    Row("ECE, batch, no labels used", _together(lambda each: each.ece), Aim(0.07, is_least=False)),
    Row("Brier score, one at a time", _alone(lambda each: each.brier)),
    Row("Brier score, batch", _together(lambda each: each.brier)),
    Row("documents a second, one core, one at a time", _speed, Aim(300.0), digits=0),
    Row("documents a second, one core, batch, all included", _batch_speed, digits=0),
    Row("memory added at most, MiB", _memory, digits=0),
    Row("memory added at most, batch, MiB", _batch_memory, digits=0),
)


def measured_comparison(measurement: Measurement, *, minilm: Path) -> Section:
    """Measures all methods.

    Args:
        measurement: the corpus.
        minilm: the Python of the environment with MiniLM and BM25.
    """
    parsed = ParsedCorpus(measurement.corpus)
    notes: list[str] = []
    peers = [
        _peer("TF-IDF", "tfidf", parsed, measurement, notes),
        _peer("BM25", "bm25", parsed, measurement, notes, python=minilm),
        _peer("MiniLM", "minilm", parsed, measurement, notes, python=minilm),
    ]
    columns = [*peers, _ours(parsed, measurement)]
    header = ("what", *(column.name for column in columns), "aim", "holds")
    return Section("ours beside other methods", header, [row.cells(columns) for row in ROWS], [*_told(parsed), *notes])


def _ours(parsed: ParsedCorpus, measurement: Measurement) -> Column:
    return Column(
        "ours",
        alone=measurement.alone,
        together=measurement.together,
        speed=parsed.performance("lexical", passes=_PASSES),
        batch_speed=parsed.performance("lexical_batch"),
    )


def _peer(
    name: str,
    method: str,
    parsed: ParsedCorpus,
    measurement: Measurement,
    notes: list[str],
    *,
    python: Path | None = None,
) -> Column:
    """A method of others; where it cannot be run, a note says why."""
    if python is not None and not python.exists():
        notes.append(f"{name} was left out: there is no {python}; `make .venv-peer-models/.ready` makes it")
        return Column(name)
    try:
        performance = parsed.performance(method, python=python, passes=_PASSES)
    except MethodFailedError as error:
        notes.append(f"{name} was left out: {error}")
        return Column(name)
    evaluation = measurement.evaluation(_outcomes(name, parsed, performance))
    return Column(name, alone=evaluation, together=evaluation, speed=performance)


def _outcomes(name: str, parsed: ParsedCorpus, performance: Performance) -> Iterator[Outcome]:
    answers = iter(performance.answers)
    for labelled, document in zip(parsed.corpus.labelled, parsed.documents, strict=True):
        if isinstance(document, Unreadable):
            answer = Classification(status=Status.FAILED, error=document.error, backend=name, rules_id=_RULES_ID)
        else:
            answer = _classification(name, next(answers), parsed.corpus.types)
        yield _outcome(labelled, answer)


def _outcome(labelled: Labelled, answer: Classification) -> Outcome:
    return Outcome(labelled.name, labelled.label, answer)


def _classification(name: str, answer: Answer, types: list[str]) -> Classification:
    best = Alternative(type=types[answer.rule], confidence=answer.confidence)
    return Classification(
        type=best.type, confidence=best.confidence, alternatives=(best,), backend=name, rules_id=_RULES_ID
    )


def _told(parsed: ParsedCorpus) -> Iterator[str]:
    labelled = parsed.corpus.labelled
    of_a_type = sum(each.label is not None for each in labelled)
    failed = sum(isinstance(document, Unreadable) for document in parsed.documents)
    yield f"{len(labelled)} documents, {of_a_type} of a type; {failed} cannot be read"
    yield "the other methods always give a type, and learn nothing from a batch"
