"""The page's beginning: how much is right, and the figures beside it."""

from __future__ import annotations

from collections.abc import Sequence

from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.proportions import Proportion
from classify_core.evaluation.report.markup import Markup, tag
from classify_core.evaluation.wording import UNKNOWN, count_of, decimal, interval, percent


def headline(evaluation: Evaluation, findings: Sequence[str]) -> Markup:
    """The share that is right, with its interval, and what the figures say."""
    accuracy = evaluation.accuracy
    told = f"{accuracy.count:,} of {count_of(accuracy.total, 'document')} right"
    return tag(
        "section",
        tag(
            "div",
            tag("p", percent(accuracy.value), class_="big"),
            tag("p", told, class_="told"),
            meter(accuracy),
            tag("p", f"95 % interval: {interval(accuracy)}", class_="quiet"),
            class_="share",
        ),
        tag("ul", [tag("li", sentence) for sentence in findings], class_="findings"),
        class_="headline",
    )


def figures(evaluation: Evaluation) -> Markup:
    """The other figures, each with a line that says what it is."""
    guess, precision = evaluation.best_guess, evaluation.precision
    entries = [
        ("Best guess right", UNKNOWN if guess is None else percent(guess.value), "of the documents of a type"),
        ("Given a type", percent(evaluation.typed.value), "of all documents"),
        ("Right where typed", UNKNOWN if precision is None else percent(precision.value), "of those given a type"),
        ("Macro-F1", decimal(evaluation.macro_f1), "each type counts the same; 1 is best"),
        ("AUROC", decimal(evaluation.auroc), "confidence tells right from wrong; 0.5 is chance"),
        ("ECE", decimal(evaluation.ece), "distance of confidence from truth; 0 is best"),
        ("Brier score", decimal(evaluation.brier), "squared error of confidence; 0 is best"),
        ("Area under risk", decimal(evaluation.risk_coverage.area), "mean error over all thresholds; 0 is best"),
    ]
    return tag("dl", [_figure(*entry) for entry in entries], class_="figures")


def meter(share: Proportion) -> Markup:
    """A line from 0 to 100 % with the interval as a band and the share as a mark."""
    return tag(
        "div",
        tag("i", class_="band", style=f"left:{100 * share.low:.2f}%;width:{100 * (share.high - share.low):.2f}%"),
        tag("i", class_="point", style=f"left:{100 * share.value:.2f}%"),
        class_="meter",
    )


def _figure(name: str, value: str, explanation: str) -> Markup:
    return tag("div", tag("dt", name), tag("dd", value, class_="value"), tag("dd", explanation, class_="quiet"))
