"""What the figures say, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean
from typing import Final

from classify_core.evaluation.comparison import Comparison
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.thresholds import ThresholdAdvice
from classify_core.evaluation.wording import count_of, percent, type_name

_EXACT: Final = 0.03
_FEW: Final = 100
_SIGNIFICANT: Final = 0.05


def findings_of(evaluation: Evaluation, advice: ThresholdAdvice) -> Iterator[str]:
    """The sentences, the weightiest first, and the advice last, where its cautions can follow."""
    if len(evaluation.judged) < _FEW:
        yield f"Only {count_of(len(evaluation.judged), 'document')}: read the intervals, not the figures."
    if evaluation.failures:
        yield f"{count_of(len(evaluation.failures), 'document')} failed and counted as wrong."
    if evaluation.not_started:
        yield f"{count_of(evaluation.not_started, 'document')} not begun, and in no figure."
    if evaluation.judged_confidences:
        yield calibration_told(evaluation)
    mistakes = evaluation.confusion.mistakes()
    if mistakes:
        label, answer, count = mistakes[0]
        yield f"Most often, {count_of(count, 'time')}, “{type_name(label)}” became “{type_name(answer)}”."
    weakest = weakest_told(evaluation)
    if weakest is not None:
        yield weakest
    yield advice_told(advice)


def calibration_told(evaluation: Evaluation) -> str:
    """Whether confidence is too high or too low, on the whole."""
    said = fmean(confidence for confidence, _ in evaluation.judged_confidences)
    found = fmean(is_right for _, is_right in evaluation.judged_confidences)
    verdict = "about right" if abs(said - found) <= _EXACT else "too modest" if said < found else "too sure"
    return (
        f"Confidence is {verdict}: on average it says {percent(said, digits=0)}, and {percent(found, digits=0)} is so."
    )


def weakest_told(evaluation: Evaluation) -> str | None:
    """Which type is found worst; None where all are found."""
    scored = [scores for scores in evaluation.per_type if scores.support]
    worst = min(scored, key=lambda scores: scores.f1 or 0.0)
    if worst.f1 == 1.0:
        return None
    documents = count_of(worst.support, "document")
    return f"The weakest type is “{type_name(worst.type)}”: F1 {worst.f1 or 0.0:.2f} over {documents}."


def advice_told(advice: ThresholdAdvice) -> str:
    """The advised threshold, and what it comes to."""
    costs = f"Where an error costs {advice.error_cost:g} and a review {advice.review_cost:g}, "
    if advice.threshold is None:
        return f"{costs}reviewing every document costs least."
    if advice.threshold == 0.0:
        return f"{costs}accepting every type costs least: {_kept(advice)}."
    return f"{costs}min_confidence {advice.threshold:g} costs least: {_kept(advice)}."


def comparison_told(comparison: Comparison) -> str:
    """The comparison in a sentence."""
    low, high = comparison.interval
    first, second = comparison.names
    points = f"{100 * comparison.difference:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    verdict = (
        f"{second if comparison.difference > 0 else first} is better"
        if comparison.p_value < _SIGNIFICANT
        else "the difference may be chance"
    )
    return (
        f"{second} against {first} on {count_of(comparison.documents, 'document')}: accuracy {points}; "
        f"McNemar's exact test p = {comparison.p_value:.2g}: {verdict}."
    )


def _kept(advice: ThresholdAdvice) -> str:
    right = 1 - advice.errors / advice.accepted if advice.accepted else 0.0
    return f"{percent(advice.coverage, digits=0)} of the documents keep their type, {percent(right)} of them rightly"
