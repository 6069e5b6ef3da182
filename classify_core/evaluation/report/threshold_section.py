"""The advised threshold on the page: what it comes to, and how far it can be relied on."""

from __future__ import annotations

from classify_core.evaluation.findings import advice_told
from classify_core.evaluation.report.markup import Markup, joined, tag
from classify_core.evaluation.thresholds import ThresholdAdvice
from classify_core.evaluation.wording import UNKNOWN, decimal, interval, percent


def threshold_text(advice: ThresholdAdvice) -> Markup:
    """The advice in a sentence, its figures, and its cautions."""
    accuracy = advice.accuracy
    entries = [
        ("min_confidence", "review all" if advice.threshold is None else f"{advice.threshold:g}"),
        ("90 % of resamples choose", f"{advice.low:.2f} to {advice.high:.2f}"),
        ("documents that keep their type", percent(advice.coverage)),
        ("of them right", UNKNOWN if accuracy is None else percent(accuracy.value)),
        ("95 % interval of that", UNKNOWN if accuracy is None else interval(accuracy)),
        ("cost of a document, measured here", decimal(advice.cost)),
        ("the same, expected of new documents", decimal(advice.cost_of_new)),
        ("if every type were accepted", decimal(advice.cost_accepting_all)),
        ("if every document were reviewed", decimal(advice.review_cost)),
        ("threshold by the costs alone, were confidence exact", f"{advice.textbook:.2f}"),
    ]
    cautions = [tag("ul", [tag("li", caution) for caution in advice.cautions], class_="cautions")]
    return joined(
        tag("p", advice_told(advice)),
        tag("dl", [joined(tag("dt", name), tag("dd", value)) for name, value in entries], class_="pairs"),
        cautions if advice.cautions else [],
    )
