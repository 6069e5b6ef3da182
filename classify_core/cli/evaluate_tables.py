"""An evaluation as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import typer

from classify_core.cli.output import printable, show_table
from classify_core.evaluation import Comparison, Evaluation, ThresholdAdvice
from classify_core.evaluation.findings import comparison_told, findings_of
from classify_core.evaluation.wording import count_of, decimal, interval, percent, shortened, type_name

_WORST_SHOWN: Final = 10
_MISTAKES_SHOWN: Final = 8
_CHANGES_SHOWN: Final = 10
_FAILURES_SHOWN: Final = 10
_EVIDENCE_LENGTH: Final = 160


def show_evaluation(evaluation: Evaluation, comparison: Comparison | None, advice: ThresholdAdvice) -> None:
    """Writes the figures, what they say, and the documents behind them."""
    show_table(("", "figure", "95 % interval"), _figures(evaluation))
    _show("by type, the weakest first", ("type", "documents", "precision", "recall", "F1"), _types(evaluation))
    _show("taken for another", ("label", "answer", "documents"), _mistakes(evaluation))
    _tell("worst documents", _worst(evaluation))
    _tell("failed", _failures(evaluation))
    if comparison is not None:
        first, second = comparison.names
        _show("changed", ("label", first, second, "document"), _changes(comparison))
    typer.echo()
    for sentence in findings_of(evaluation, advice):
        typer.echo(f"- {printable(sentence)}")
    for caution in advice.cautions:
        typer.echo(f"  {printable(caution)}")
    if comparison is not None:
        typer.echo(f"- {printable(comparison_told(comparison))}")


def _show(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if rows:
        typer.echo(f"\n{title}")
        show_table(columns, rows)


def _tell(title: str, told: Iterable[str]) -> None:
    lines = list(told)
    if lines:
        typer.echo(f"\n{title}")
    for line in lines:
        typer.echo(printable(line))


def _figures(evaluation: Evaluation) -> Iterator[tuple[str, str, str]]:
    accuracy, guess = evaluation.accuracy, evaluation.best_guess
    yield "documents", f"{len(evaluation.judged):,}", ""
    yield "right", percent(accuracy.value), interval(accuracy)
    if guess is not None:
        yield "best guess right", percent(guess.value), interval(guess)
    yield "given a type", percent(evaluation.typed.value), interval(evaluation.typed)
    if evaluation.precision is not None:
        yield "of them right", percent(evaluation.precision.value), interval(evaluation.precision)
    yield "macro-F1", decimal(evaluation.macro_f1), ""
    yield "AUROC", decimal(evaluation.auroc), ""
    yield "ECE", decimal(evaluation.ece), ""
    yield "Brier score", decimal(evaluation.brier), ""
    yield "area under risk", decimal(evaluation.risk_coverage.area), ""


def _types(evaluation: Evaluation) -> list[tuple[str, ...]]:
    shown = [scores for scores in evaluation.per_type if scores.f1 is not None]
    ordered = sorted(shown, key=lambda scores: (not scores.support, scores.f1 or 0.0))
    return [
        (
            type_name(scores.type),
            f"{scores.support:,}",
            *(decimal(value, digits=2) for value in (scores.precision, scores.recall, scores.f1)),
        )
        for scores in ordered
    ]


def _mistakes(evaluation: Evaluation) -> list[tuple[str, str, str]]:
    mistakes = evaluation.confusion.mistakes()
    rows = [(type_name(label), type_name(answer), f"{count:,}") for label, answer, count in mistakes[:_MISTAKES_SHOWN]]
    rest = sum(count for _, _, count in mistakes[_MISTAKES_SHOWN:])
    return [*rows, ("others", "", f"{rest:,}")] if rest else rows


def _worst(evaluation: Evaluation) -> Iterator[str]:
    for outcome in evaluation.worst[:_WORST_SHOWN]:
        said = f"“{type_name(outcome.answer.type)}”, but is “{type_name(outcome.label)}”"
        yield f"{outcome.name}: {decimal(outcome.answer.confidence, digits=2)} {said}"
        yield f"    {shortened(outcome.answer.reasoning, _EVIDENCE_LENGTH)}"


def _failures(evaluation: Evaluation) -> Iterator[str]:
    for outcome in evaluation.failures[:_FAILURES_SHOWN]:
        reason = outcome.answer.status.value if outcome.answer.error is None else outcome.answer.error.message
        yield f"{outcome.name}: {reason}"
    if len(evaluation.failures) > _FAILURES_SHOWN:
        yield f"{count_of(len(evaluation.failures) - _FAILURES_SHOWN, 'more document')}; --json names all"


def _changes(comparison: Comparison) -> list[tuple[str, str, str, str]]:
    return [
        (type_name(change.label), type_name(change.first), type_name(change.second), change.name)
        for change in comparison.changes[:_CHANGES_SHOWN]
    ]
