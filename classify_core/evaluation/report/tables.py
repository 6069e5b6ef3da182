"""The page's tables: types, worst documents, failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classify_core.evaluation.confusion import TypeScores
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.outcome import Outcome
from classify_core.evaluation.report.markup import Child, Markup, joined, tag
from classify_core.evaluation.wording import UNKNOWN, count_of, decimal, shortened, type_name

WORST_SHOWN: Final = 25
FAILURES_SHOWN: Final = 50
_ALTERNATIVES_SHOWN: Final = 3
_LEAST_SHOWN: Final = 0.01
_LONGEST_EVIDENCE: Final = 600


def table(columns: Sequence[str], rows: Sequence[Sequence[Child]], *, class_: str) -> Markup:
    """A table; on a narrow page each row becomes a block, and each cell tells its column."""
    return tag(
        "table",
        tag("thead", tag("tr", [tag("th", column, scope="col") for column in columns])),
        tag(
            "tbody",
            [
                tag("tr", [tag("td", cell, data_column=name) for name, cell in zip(columns, row, strict=True)])
                for row in rows
            ],
        ),
        class_=class_,
    )


def type_table(evaluation: Evaluation) -> Markup:
    """Precision, recall and F1 of each type that occurs, the weakest first."""
    shown = [scores for scores in evaluation.per_type if scores.f1 is not None]
    ordered = sorted(shown, key=lambda scores: (not scores.support, scores.f1 or 0.0))
    rows = [
        [type_name(scores.type), f"{scores.support:,}", *(_bar(value, kind) for value, kind in _values(scores))]
        for scores in ordered
    ]
    return table(("type", "documents", "precision", "recall", "F1"), rows, class_="types")


def worst_table(evaluation: Evaluation) -> Markup:
    """The documents that were answered most surely and wrongly, with what the answer rests on."""
    shown = evaluation.worst[:WORST_SHOWN]
    if not shown:
        return tag("p", "No answer is wrong.", class_="quiet")
    rows = [
        [
            tag("span", outcome.name, class_="document"),
            type_name(outcome.label),
            tag("b", type_name(outcome.answer.type)),
            decimal(outcome.answer.confidence, digits=2),
            _evidence(outcome),
        ]
        for outcome in shown
    ]
    more = len(evaluation.worst) - len(shown)
    told = [tag("p", f"{count_of(more, 'more document')} answered wrongly.", class_="quiet")] if more else []
    return joined(table(("document", "label", "answer", "confidence", "evidence"), rows, class_="wide worst"), told)


def failure_table(evaluation: Evaluation) -> Markup:
    """The documents without an answer, and why."""
    shown = evaluation.failures[:FAILURES_SHOWN]
    rows = [
        [tag("span", outcome.name, class_="document"), type_name(outcome.label), _error(outcome)] for outcome in shown
    ]
    more = len(evaluation.failures) - len(shown)
    told = [tag("p", f"{count_of(more, 'more document')} failed.", class_="quiet")] if more else []
    return joined(table(("document", "label", "error"), rows, class_="wide"), told)


def _values(scores: TypeScores) -> list[tuple[float | None, str]]:
    return [(scores.precision, "side"), (scores.recall, "side"), (scores.f1, "main")]


def _bar(value: float | None, kind: str) -> Markup:
    if value is None:
        return tag("span", UNKNOWN, class_="quiet")
    bar = tag("i", tag("i", style=f"width:{100 * value:.1f}%"), class_=f"bar {kind}")
    return joined(tag("span", f"{value:.2f}"), bar)


def _evidence(outcome: Outcome) -> Markup:
    others = [each for each in outcome.answer.alternatives if each.type != outcome.answer.type]
    likely = [each for each in others if each.confidence >= _LEAST_SHOWN][:_ALTERNATIVES_SHOWN]
    near = ", ".join(f"{each.type} {each.confidence:.2f}" for each in likely)
    return joined(
        tag("span", shortened(outcome.answer.reasoning, _LONGEST_EVIDENCE)),
        [tag("span", f"next: {near}", class_="quiet block")] if near else [],
    )


def _error(outcome: Outcome) -> str:
    return outcome.answer.status.value if outcome.answer.error is None else outcome.answer.error.message
