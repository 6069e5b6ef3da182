"""The report as a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from classify_core.errors import InvalidOptionError
from classify_core.evaluation.comparison import Comparison
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.report.page import report_page
from classify_core.evaluation.thresholds import ThresholdAdvice, threshold_advice

ERROR_COST: Final = 10.0
REVIEW_COST: Final = 1.0


def write_report(
    path: str | Path,
    evaluation: Evaluation,
    comparison: Comparison | None = None,
    *,
    advice: ThresholdAdvice | None = None,
    title: str = "How well are these documents classified?",
) -> None:
    """Writes one HTML page with figures, plots and the worst documents; it needs no other file and no network.

    It names documents and quotes what their reasonings quote, so it is as confidential as they are.

    Args:
        path: the file; one that is there is replaced.
        evaluation: what the page is about.
        comparison: with another evaluation.
        advice: the threshold to mark; by default that of an error ten times as dear as a review.
        title: the page's heading.

    Raises:
        InvalidOptionError: the file cannot be written.
    """
    advised = advice or threshold_advice(evaluation, error_cost=ERROR_COST, review_cost=REVIEW_COST)
    page = report_page(evaluation, comparison, advised, title=title, made_on=datetime.now(UTC).date())
    try:
        Path(path).write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidOptionError(f"cannot write the report {str(path)!r}: {error.strerror}") from error
