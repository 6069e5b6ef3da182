"""How good a classifier is on documents whose right type is known: figures, comparisons, advice and a report.

>>> from classify_core import Classifier, Rule
>>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
>>> text = "Invoice number 7: line items, total amount 20 EUR"
>>> with Classifier(rules, backend="local") as classifier:
...     evaluation = evaluate(classifier, [Labelled.of(text, "invoice")])
>>> evaluation.accuracy.count, evaluation.accuracy.total
(1, 1)
"""

from __future__ import annotations

from classify_core.evaluation.comparison import Change, Comparison, compare
from classify_core.evaluation.confusion import ConfusionMatrix, TypeScores
from classify_core.evaluation.evaluating import evaluate
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.labelled import Labelled
from classify_core.evaluation.loading import load_labelled
from classify_core.evaluation.outcome import Outcome
from classify_core.evaluation.proportions import Proportion
from classify_core.evaluation.report import write_report
from classify_core.evaluation.risk_coverage import RiskCoverage, RiskPoint
from classify_core.evaluation.sampling import sample
from classify_core.evaluation.thresholds import ThresholdAdvice, threshold_advice

__all__ = [
    "Change",
    "Comparison",
    "ConfusionMatrix",
    "Evaluation",
    "Labelled",
    "Outcome",
    "Proportion",
    "RiskCoverage",
    "RiskPoint",
    "ThresholdAdvice",
    "TypeScores",
    "compare",
    "evaluate",
    "load_labelled",
    "sample",
    "threshold_advice",
    "write_report",
]
