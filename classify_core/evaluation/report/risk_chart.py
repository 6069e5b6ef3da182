"""How many errors remain where only the surest answers are accepted, with the advised threshold marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classify_core.evaluation.report.markup import Markup, joined, tag
from classify_core.evaluation.report.plot import WIDTH, Frame, legend, share_frame
from classify_core.evaluation.risk_coverage import RiskCoverage, RiskPoint
from classify_core.evaluation.thresholds import ThresholdAdvice
from classify_core.evaluation.wording import percent

_FIRST_STEADY: Final = 0.1
"""Among the first documents one error is a high share, and would flatten all the rest of the curve."""

_LABEL_GAP: Final = 7


def risk_chart(curve: RiskCoverage, advice: ThresholdAdvice, second: tuple[str, RiskCoverage] | None = None) -> Markup:
    """The risk-coverage curve.

    Args:
        curve: of the evaluation.
        advice: where to mark it.
        second: another evaluation's name and curve, to compare.
    """
    curves = [curve] if second is None else [curve, second[1]]
    steady = [point.risk for each in curves for point in each.points if point.coverage >= _FIRST_STEADY]
    frame = share_frame(max(steady, default=0.0) * 1.1)
    chart = frame.picture(
        [] if second is None else _line(frame, second[1].points, "other"),
        _line(frame, curve.points, "series"),
        _mark(frame, curve, advice),
        title="Risk-coverage curve: the share of wrong types among the accepted documents",
        across="share of documents accepted without review",
        up="wrong among them",
    )
    return chart if second is None else joined(chart, legend([("series", "this run"), ("other", second[0])]))


def _line(frame: Frame, points: Sequence[RiskPoint], class_: str) -> Markup:
    return frame.line([(point.coverage, min(point.risk, frame.top)) for point in points], class_)


def _mark(frame: Frame, curve: RiskCoverage, advice: ThresholdAdvice) -> Markup:
    if advice.threshold is None or not curve.points:
        return joined()
    risk = advice.errors / advice.accepted
    x, y = frame.x(advice.coverage), frame.y(min(risk, frame.top))
    told = f"threshold {advice.threshold:g}: {percent(risk)} wrong"
    is_left = x < WIDTH / 2
    return joined(
        frame.segment((advice.coverage, 0), (advice.coverage, frame.top), "mark"),
        tag("circle", cx=x, cy=y, r=6, class_="marked"),
        tag(
            "text",
            told,
            x=x + _LABEL_GAP if is_left else x - _LABEL_GAP,
            y=frame.y(frame.top) + 12,
            class_="label",
            text_anchor="start" if is_left else "end",
        ),
    )
