"""The frame of a chart: axes, grid and the way from figures to places in the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from classify_core.evaluation.report.markup import Child, Markup, joined, tag
from classify_core.evaluation.wording import percent

WIDTH: Final = 440
HEIGHT: Final = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 14, 14, 46
_STEPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)
_MOST_LINES: Final = 6


@dataclass(frozen=True)
class Frame:
    """A chart whose horizontal axis goes from 0 to 1.

    Attributes:
        top: the figure at the upper end of the vertical axis.
        ticks: the figures at which there is a line, and what stands beside it.
    """

    top: float
    ticks: tuple[tuple[float, str], ...]

    def x(self, value: float) -> float:
        """The horizontal place of a figure."""
        return _LEFT + value * (WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        """The vertical place of a figure."""
        return HEIGHT - _BOTTOM - value / self.top * (HEIGHT - _TOP - _BOTTOM)

    def line(self, points: Iterable[tuple[float, float]], class_: str) -> Markup:
        """A line through points."""
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        return tag("polyline", points=places, class_=class_)

    def segment(self, start: tuple[float, float], end: tuple[float, float], class_: str) -> Markup:
        """A straight line."""
        (x1, y1), (x2, y2) = start, end
        return tag("line", x1=self.x(x1), y1=self.y(y1), x2=self.x(x2), y2=self.y(y2), class_=class_)

    def bar(self, low: float, high: float, bottom: float, top: float, class_: str) -> Markup:
        """An upright bar between two figures of the horizontal axis, with a little air on both sides."""
        left, width = self.x(low) + 1, self.x(high) - self.x(low) - 2
        return tag("rect", x=left, y=self.y(top), width=width, height=self.y(bottom) - self.y(top), class_=class_)

    def picture(self, *drawn: Child, title: str, across: str, up: str) -> Markup:
        """The chart.

        Args:
            drawn: what stands in the frame.
            title: what it shows, for those who cannot see it.
            across: what the horizontal axis tells.
            up: what the vertical axis tells.
        """
        middle = (HEIGHT - _BOTTOM + _TOP) / 2
        return tag(
            "svg",
            tag("title", title),
            [self._tick(value, text) for value, text in self.ticks],
            [_foot(self.x(tenth / 10), f"{tenth / 10:.1f}") for tenth in range(0, 11, 2)],
            tag("text", across, x=self.x(0.5), y=HEIGHT - 6, class_="axis", text_anchor="middle"),
            tag("text", up, class_="axis", text_anchor="middle", transform=f"translate(11 {middle:.0f}) rotate(-90)"),
            joined(*drawn),
            viewBox=f"0 0 {WIDTH} {HEIGHT}",
            role="img",
            class_="chart",
        )

    def _tick(self, value: float, text: str) -> Markup:
        return joined(
            self.segment((0, value), (1, value), "grid"),
            tag("text", text, x=self.x(0) - 6, y=self.y(value) + 4, class_="tick", text_anchor="end"),
        )


def share_frame(highest: float) -> Frame:
    """A frame for shares from 0 to at least `highest`."""
    top = min(1.0, max(highest, 0.02))
    step = next((each for each in _STEPS if top / each <= _MOST_LINES - 1), _STEPS[-1])
    count = -(-top // step)  # rounded up
    return Frame(count * step, tuple((n * step, percent(n * step, digits=0)) for n in range(int(count) + 1)))


def count_frame(highest: int) -> Frame:
    """A frame for numbers of documents from 0 to at least `highest`."""
    scales = (mantissa * 10**exponent for exponent in range(10) for mantissa in (1, 2, 5))
    step = next(scale for scale in scales if highest <= scale * (_MOST_LINES - 1))
    count = max(1, -(-highest // step))
    return Frame(count * step, tuple((n * step, f"{n * step:,}") for n in range(count + 1)))


def legend(entries: Sequence[tuple[str, str]]) -> Markup:
    """What the colours mean.

    Args:
        entries: the class that colours, and its meaning.
    """
    return tag("p", [tag("span", tag("i", class_=name), text) for name, text in entries], class_="legend")


def _foot(place: float, text: str) -> Markup:
    return tag("text", text, x=place, y=HEIGHT - _BOTTOM + 16, class_="tick", text_anchor="middle")
