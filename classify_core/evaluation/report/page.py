"""The whole page."""

from __future__ import annotations

import importlib.resources
from datetime import date

from classify_core.evaluation.comparison import Comparison
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.findings import findings_of
from classify_core.evaluation.report.calibration_charts import confidence_chart, reliability_chart
from classify_core.evaluation.report.comparison_section import comparison_section
from classify_core.evaluation.report.confusion_chart import confusion_chart
from classify_core.evaluation.report.headline import figures, headline
from classify_core.evaluation.report.markup import Child, Markup, joined, tag
from classify_core.evaluation.report.risk_chart import risk_chart
from classify_core.evaluation.report.tables import failure_table, type_table, worst_table
from classify_core.evaluation.report.threshold_section import threshold_text
from classify_core.evaluation.thresholds import ThresholdAdvice
from classify_core.evaluation.wording import count_of

# Should anything ever slip through unescaped, a browser still loads and runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def report_page(
    evaluation: Evaluation, comparison: Comparison | None, advice: ThresholdAdvice, *, title: str, made_on: date
) -> str:
    """The page as HTML.

    Args:
        evaluation: what it is about.
        comparison: with another evaluation; None without.
        advice: the threshold of least cost.
        title: its heading.
        made_on: the day that stands in it.
    """
    parts = [
        headline(evaluation, list(findings_of(evaluation, advice))),
        figures(evaluation),
        _comparison(comparison),
        tag("div", _reliability(evaluation), _confidences(evaluation), class_="pair"),
        _threshold(evaluation, comparison, advice),
        _types(evaluation),
        _section("Worst documents", "Wrong, and the surest of it first.", worst_table(evaluation)),
        _failures(evaluation),
    ]
    style = Markup(importlib.resources.files(__package__).joinpath("style.css").read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", style),
    )
    body = tag("body", _top(evaluation, title), tag("main", parts), _foot(evaluation, made_on))
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _top(evaluation: Evaluation, title: str) -> Markup:
    told = [
        count_of(len(evaluation.judged), "document"),
        count_of(len(evaluation.types), "rule"),
        ", ".join(evaluation.backends),
    ]
    return tag("header", tag("h1", title), tag("p", " · ".join(told), class_="quiet"))


def _foot(evaluation: Evaluation, made_on: date) -> Markup:
    return tag("footer", f"Made on {made_on.isoformat()} by classify evaluate; rules {evaluation.rules_id}.")


def _section(title: str, explanation: str, *children: Child) -> Markup:
    explained = [tag("p", explanation, class_="quiet")] if explanation else []
    return tag("section", tag("h2", title), explained, joined(*children))


def _comparison(comparison: Comparison | None) -> Markup:
    return joined() if comparison is None else _section("Comparison", "", comparison_section(comparison))


def _reliability(evaluation: Evaluation) -> Markup:
    if not evaluation.judged_confidences:
        return _section("Reliability", "No answer has a confidence.")
    return _section(
        "Reliability",
        "On the dashed line confidence is exact, above it too modest, below it too sure. Bars are 95 % intervals.",
        reliability_chart(evaluation),
    )


def _confidences(evaluation: Evaluation) -> Markup:
    if not evaluation.judged_confidences:
        return joined()
    return _section(
        "Confidence",
        "How sure the answers are. Good confidence has right answers on the right and wrong ones on the left.",
        confidence_chart(evaluation),
    )


def _threshold(evaluation: Evaluation, comparison: Comparison | None, advice: ThresholdAdvice) -> Markup:
    second = None if comparison is None else (comparison.names[1], comparison.second.risk_coverage)
    return _section(
        "Threshold",
        "",
        tag(
            "div",
            tag("div", risk_chart(evaluation.risk_coverage, advice, second)),
            tag("div", threshold_text(advice)),
            class_="halves",
        ),
    )


def _types(evaluation: Evaluation) -> Markup:
    return joined(
        _section("Types", "The weakest first.", type_table(evaluation)),
        _section(
            "Confusion",
            "Each row is a label, each column an answer; the deeper the colour, the larger the share of the row.",
            tag("div", confusion_chart(evaluation.confusion), class_="scroll"),
        ),
    )


def _failures(evaluation: Evaluation) -> Markup:
    if not evaluation.failures:
        return joined()
    return _section("Failures", "No answer; each counts as wrong.", failure_table(evaluation))
