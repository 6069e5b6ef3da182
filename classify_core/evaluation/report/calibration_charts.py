"""Whether confidence means what it says: the reliability diagram, and how confidences are spread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from classify_core.calibration.measures import ReliabilityBin
from classify_core.evaluation.evaluation import Evaluation
from classify_core.evaluation.proportions import Proportion
from classify_core.evaluation.report.markup import Markup, joined, tag
from classify_core.evaluation.report.plot import Frame, count_frame, legend, share_frame
from classify_core.evaluation.wording import count_of, percent

_BARS: Final = 20
_SMALLEST_DOT, _LARGEST_DOT = 3.0, 10.0


def reliability_chart(evaluation: Evaluation) -> Markup:
    """Confidence against the share that is right, a dot a bin; on the diagonal confidence is exact."""
    frame = share_frame(1.0)
    full = [each for each in evaluation.reliability if each.count]
    most = max((each.count for each in full), default=1)
    return frame.picture(
        frame.segment((0, 0), (1, 1), "ideal"),
        [_whisker(frame, each) for each in full],
        frame.line([_place(each) for each in full], "series"),
        [_dot(frame, each, most) for each in full],
        title="Reliability diagram: confidence against the share of answers that is right",
        across="confidence, mean of a tenth",
        up="share right",
    )


def confidence_chart(evaluation: Evaluation) -> Markup:
    """How many answers have which confidence, right ones below wrong ones."""
    bars = list(_spread(evaluation.judged_confidences))
    frame = count_frame(max(right + wrong for right, wrong in bars))
    drawn = [
        joined(
            frame.bar(index / _BARS, (index + 1) / _BARS, 0, right, "right"),
            frame.bar(index / _BARS, (index + 1) / _BARS, right, right + wrong, "wrong"),
        )
        for index, (right, wrong) in enumerate(bars)
        if right + wrong
    ]
    chart = frame.picture(
        drawn,
        title="Histogram of confidences, right and wrong answers",
        across="confidence",
        up="documents",
    )
    return joined(chart, legend([("right", "right"), ("wrong", "wrong, or no type given")]))


def _spread(pairs: Sequence[tuple[float, bool]]) -> Iterator[tuple[int, int]]:
    """For each bar how many are right, and how many wrong."""
    places = [(min(int(confidence * _BARS), _BARS - 1), is_right) for confidence, is_right in pairs]
    for bar in range(_BARS):
        yield places.count((bar, True)), places.count((bar, False))


def _place(each: ReliabilityBin) -> tuple[float, float]:
    return each.mean_confidence or 0.0, each.share_right or 0.0


def _whisker(frame: Frame, each: ReliabilityBin) -> Markup:
    share = _share(each)
    x, _ = _place(each)
    return frame.segment((x, share.low), (x, share.high), "whisker")


def _dot(frame: Frame, each: ReliabilityBin, most: int) -> Markup:
    x, y = _place(each)
    radius = _SMALLEST_DOT + (_LARGEST_DOT - _SMALLEST_DOT) * (each.count / most) ** 0.5
    told = f"{count_of(each.count, 'document')}: confidence {x:.2f}, {percent(y)} right"
    return tag("circle", tag("title", told), cx=frame.x(x), cy=frame.y(y), r=radius, class_="dot")


def _share(each: ReliabilityBin) -> Proportion:
    return Proportion(round((each.share_right or 0.0) * each.count), each.count)
