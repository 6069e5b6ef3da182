"""The confusion matrix as a heat map: a row for each label, a column for each answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from classify_core.evaluation.confusion import ConfusionMatrix
from classify_core.evaluation.report.markup import Markup, tag
from classify_core.evaluation.wording import percent, shortened, type_name

_LONGEST_NAME: Final = 24
_LETTER: Final = 6.3
_LARGE_CELL, _SMALL_CELL = 36, 18
_USUAL_WIDTH: Final = 640
_PALEST: Final = 0.12
_STRONG: Final = 0.55
_PAD: Final = 8


@dataclass(frozen=True)
class _Grid:
    """Where the cells are; sizes in pixels."""

    cell: float
    margin: float

    def place(self, index: int) -> float:
        return self.margin + index * self.cell


def confusion_chart(matrix: ConfusionMatrix) -> Markup:
    """The heat map of the types that stand as a label or as an answer."""
    shown = [index for index in range(len(matrix.types)) if _is_involved(matrix, index)]
    names = [shortened(type_name(matrix.types[index]), _LONGEST_NAME) for index in shown]
    cell = min(_LARGE_CELL, max(_SMALL_CELL, _USUAL_WIDTH / max(len(shown), 1)))
    grid = _Grid(cell, max(map(len, names), default=0) * _LETTER + 2 * _PAD)
    size = grid.place(len(shown)) + _PAD
    return tag(
        "svg",
        tag("title", "Confusion matrix: labels in rows, answers in columns"),
        [_names(grid, place, name) for place, name in enumerate(names)],
        [
            _cell(matrix, grid, (place, shown[place]), (across, shown[across]))
            for place in range(len(shown))
            for across in range(len(shown))
        ],
        viewBox=f"0 0 {size:.0f} {size:.0f}",
        width=f"{size:.0f}",
        height=f"{size:.0f}",
        role="img",
        class_="matrix",
    )


def _is_involved(matrix: ConfusionMatrix, index: int) -> bool:
    return any(matrix.counts[index]) or any(row[index] for row in matrix.counts) or matrix.unanswered[index] > 0


def _names(grid: _Grid, place: int, name: str) -> Markup:
    middle = grid.place(place) + grid.cell / 2
    turned = f"translate({middle + 4:.1f} {grid.margin - _PAD:.1f}) rotate(-90)"
    return tag(
        "g",
        tag("text", name, x=grid.margin - _PAD, y=middle + 4, class_="name", text_anchor="end"),
        tag("text", name, transform=turned, class_="name"),
    )


def _cell(matrix: ConfusionMatrix, grid: _Grid, row: tuple[int, int], column: tuple[int, int]) -> Markup:
    """One cell; row and column are each the place in the picture and the index in the matrix."""
    (down, label), (across, answer) = row, column
    count = matrix.counts[label][answer]
    x, y, side = grid.place(across), grid.place(down), grid.cell - 2
    if not count:
        return tag("rect", x=x, y=y, width=side, height=side, rx=2, class_="none")
    share = count / (sum(matrix.counts[label]) + matrix.unanswered[label])
    told = (
        f"{type_name(matrix.types[label])}, answered {type_name(matrix.types[answer])}: "
        f"{count} ({percent(share, digits=0)})"
    )
    kind = "right" if label == answer else "wrong"
    depth = _PALEST + (1 - _PALEST) * share
    strength = " strong" if depth > _STRONG else ""
    return tag(
        "g",
        tag("title", told),
        tag("rect", x=x, y=y, width=side, height=side, rx=2, class_=kind, fill_opacity=depth),
        tag("text", f"{count}", x=x + side / 2, y=y + side / 2 + 4, class_=f"count{strength}", text_anchor="middle"),
    )
