"""Ours beside methods that need no labels either: how much is right, what a confidence is worth, speed and memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.accuracy.columns import ROWS, Column
from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.performances import MethodFailedError, ParsedCorpus, Unreadable
from benchmarks.accuracy.section import Section
from benchmarks.accuracy.task import Answer, Performance
from classify_core import Alternative, Classification, Status
from classify_core.evaluation import Outcome

_PASSES: Final = 3
_RULES_ID: Final = "benchmark"


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
        # One pass takes it a minute or more.
        _peer("MiniLM", "minilm", parsed, measurement, notes, python=minilm, passes=1),
    ]
    columns = [*peers, _ours(parsed, measurement)]
    header = ("what", *(column.name for column in columns), "aim", "holds")
    return Section(
        "ours beside other methods", header, [row.cells(columns) for row in ROWS], [*_told(parsed, measurement), *notes]
    )


def _ours(parsed: ParsedCorpus, measurement: Measurement) -> Column:
    return Column(
        "ours",
        alone=measurement.alone,
        together=measurement.together,
        performance=parsed.performance("lexical", passes=_PASSES),
        batch_performance=parsed.performance("lexical_batch"),
    )


def _peer(
    name: str,
    method: str,
    parsed: ParsedCorpus,
    measurement: Measurement,
    notes: list[str],
    *,
    python: Path | None = None,
    passes: int = _PASSES,
) -> Column:
    """A method of others; where it cannot be run, a note says why."""
    if python is not None and not python.exists():
        notes.append(f"{name} was left out: there is no {python}; `make .venv-peer-models/.ready` makes it")
        return Column(name)
    try:
        performance = parsed.performance(method, python=python, passes=passes)
    except MethodFailedError as error:
        notes.append(f"{name} was left out: {error}")
        return Column(name)
    evaluation = measurement.evaluation(_outcomes(name, parsed, performance))
    return Column(name, alone=evaluation, together=evaluation, performance=performance)


def _outcomes(name: str, parsed: ParsedCorpus, performance: Performance) -> Iterator[Outcome]:
    answers = iter(performance.answers)
    for labelled, document in zip(parsed.corpus.labelled, parsed.documents, strict=True):
        if isinstance(document, Unreadable):
            answer = Classification(status=Status.FAILED, error=document.error, backend=name, rules_id=_RULES_ID)
        else:
            answer = _classification(name, next(answers), parsed.corpus.types)
        yield Outcome(labelled.name, labelled.label, answer)


def _classification(name: str, answer: Answer, types: list[str]) -> Classification:
    best = Alternative(type=types[answer.rule], confidence=answer.confidence)
    return Classification(
        type=best.type, confidence=best.confidence, alternatives=(best,), backend=name, rules_id=_RULES_ID
    )


def _told(parsed: ParsedCorpus, measurement: Measurement) -> Iterator[str]:
    labelled = parsed.corpus.labelled
    of_a_type = sum(each.label is not None for each in labelled)
    failed = sum(isinstance(document, Unreadable) for document in parsed.documents)
    yield f"{len(labelled)} documents, {of_a_type} of a type; {failed} cannot be read"
    yield f"answered one at a time by {', '.join(measurement.alone.backends)}"
    yield f"answered as one batch by {', '.join(measurement.together.backends)}"
    yield "the other methods always give a type, and learn nothing from a batch"
