"""The comparison on the page: which of two is better, by how much, and on which documents."""

from __future__ import annotations

from typing import Final

from classify_core.evaluation.comparison import Change, Comparison
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.findings import comparison_told
from classify_core.evaluation.report.headline import meter
from classify_core.evaluation.report.markup import Child, Markup, joined, tag
from classify_core.evaluation.report.tables import table
from classify_core.evaluation.wording import decimal, interval, percent, type_name

CHANGES_SHOWN: Final = 30


def comparison_section(comparison: Comparison) -> Markup:
    """The difference with its interval, the figures side by side, and the documents that changed."""
    return joined(
        tag("p", comparison_told(comparison), class_="told"),
        _difference_line(comparison),
        tag("div", _accuracies(comparison), _figures(comparison), class_="pair"),
        tag("h3", "Documents that changed"),
        _changes(comparison),
    )


def _difference_line(comparison: Comparison) -> Markup:
    """The interval of the difference on a line from -100 to +100 points, or as far as it reaches."""
    low, high = comparison.interval
    reach = max(abs(low), abs(high), 0.05) * 1.15

    def place(value: float) -> float:
        return 50 + 50 * value / reach

    return tag(
        "div",
        tag("i", class_="zero", style="left:50%"),
        tag("i", class_="band", style=f"left:{place(low):.2f}%;width:{place(high) - place(low):.2f}%"),
        tag("i", class_="point", style=f"left:{place(comparison.difference):.2f}%"),
        tag("span", f"← {comparison.names[0]} better", class_="end"),
        tag("span", f"{comparison.names[1]} better →", class_="end"),
        class_="meter difference",
    )


def _accuracies(comparison: Comparison) -> Markup:
    runs = zip(comparison.names, (comparison.first, comparison.second), strict=True)
    return tag("div", [_accuracy(name, run) for name, run in runs])


def _accuracy(name: str, run: Evaluation) -> Markup:
    accuracy = run.accuracy
    return tag(
        "div",
        tag(
            "p", tag("b", name), f" {percent(accuracy.value)} ", tag("span", f"({interval(accuracy)})", class_="quiet")
        ),
        meter(accuracy),
        class_="run",
    )


def _figures(comparison: Comparison) -> Markup:
    first, second = comparison.first, comparison.second
    rows: list[list[Child]] = [
        ["macro-F1", decimal(first.macro_f1), decimal(second.macro_f1)],
        ["given a type", percent(first.typed.value), percent(second.typed.value)],
        ["AUROC", decimal(first.auroc), decimal(second.auroc)],
        ["ECE", decimal(first.ece), decimal(second.ece)],
        ["Brier score", decimal(first.brier), decimal(second.brier)],
        ["area under risk", decimal(first.risk_coverage.area), decimal(second.risk_coverage.area)],
    ]
    return table(("", *comparison.names), rows, class_="sides")


def _changes(comparison: Comparison) -> Markup:
    if not comparison.changes:
        return tag("p", "Both say the same of every document.", class_="quiet")
    lost, won = comparison.only_first_right, comparison.only_second_right
    first, second = comparison.names
    counts = f"{won} won and {lost} lost by {second}; {len(comparison.changes) - won - lost} wrong in both."
    shown = comparison.changes[:CHANGES_SHOWN]
    more = len(comparison.changes) - len(shown)
    return joined(
        tag("p", counts, f" The first {len(shown)} are shown." if more else "", class_="quiet"),
        table(("document", "label", first, second), [_change(change) for change in shown], class_="wide"),
    )


def _change(change: Change) -> list[Child]:
    return [
        tag("span", change.name, class_="document"),
        type_name(change.label),
        _said(change.first, is_right=change.first_is_right),
        _said(change.second, is_right=change.second_is_right),
    ]


def _said(name: str | None, *, is_right: bool) -> Markup:
    return tag("span", ("✓ " if is_right else "✗ ") + type_name(name), class_="good" if is_right else "bad")
