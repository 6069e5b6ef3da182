"""The table of methods: what is measured of each, and what ours is to reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from benchmarks.accuracy.task import Performance
from benchmarks.labelling.figures import MEBIBYTE
from classify_core.evaluation import Evaluation

_ABSENT: Final = "-"


class Aim(NamedTuple):
    """What ours is to reach."""

    value: float
    is_least: bool = True

    def __str__(self) -> str:
        return f"{'at least' if self.is_least else 'at most'} {self.value:g}"

    def holds(self, value: float) -> bool:
        """Whether a figure does."""
        return value >= self.value if self.is_least else value <= self.value


@dataclass(frozen=True)
class Column:
    """A method and what was measured of it.

    Attributes:
        name: what the table calls it.
        alone: each document by itself; None where the method could not be run.
        together: all as one batch; the same for a method that learns nothing from a batch.
        performance: with one document at a time.
        batch_performance: with one batch, where that is something else.
    """

    name: str
    alone: Evaluation | None = None
    together: Evaluation | None = None
    performance: Performance | None = None
    batch_performance: Performance | None = None


_Cell: TypeAlias = Callable[[Column], float | None]
_Figure: TypeAlias = Callable[[Evaluation], float | None]


@dataclass(frozen=True)
class Row:
    """A line of the table: a figure of each column."""

    what: str
    figure: _Cell
    aim: Aim | None = None
    digits: int = 3

    def cells(self, columns: Sequence[Column]) -> tuple[str, ...]:
        """The line; ours is the last of the columns."""
        figures = [self.figure(column) for column in columns]
        shown = [_ABSENT if figure is None else f"{figure:,.{self.digits}f}" for figure in figures]
        ours = figures[-1]
        verdict = _ABSENT if self.aim is None or ours is None else "yes" if self.aim.holds(ours) else "no"
        return self.what, *shown, _ABSENT if self.aim is None else str(self.aim), verdict


def _alone(figure: _Figure) -> _Cell:
    return lambda column: None if column.alone is None else figure(column.alone)


def _together(figure: _Figure) -> _Cell:
    return lambda column: None if column.together is None else figure(column.together)


def _best_guess(evaluation: Evaluation) -> float | None:
    return None if evaluation.best_guess is None else evaluation.best_guess.value


def _null_answered_null(evaluation: Evaluation) -> float | None:
    *_, no_type = evaluation.per_type
    return no_type.recall


def _speed(performance: Performance | None) -> float | None:
    return None if performance is None else performance.documents_a_second


def _memory(performance: Performance | None) -> float | None:
    return None if performance is None else performance.memory / MEBIBYTE


ROWS: Final = (
    Row("right, one document at a time", _alone(_best_guess), Aim(0.90)),
    Row("right, as one batch", _together(_best_guess), Aim(0.97)),
    Row("given a type, one at a time", _alone(lambda each: each.typed.value)),
    Row("given a type, batch", _together(lambda each: each.typed.value)),
    Row("null answered null, one at a time", _alone(_null_answered_null)),
    Row("null answered null, batch", _together(_null_answered_null)),
    Row("AUROC of confidence, one at a time", _alone(lambda each: each.auroc)),
    Row("AUROC of confidence, batch", _together(lambda each: each.auroc), Aim(0.92)),
    Row("ECE, one at a time, no labels used", _alone(lambda each: each.ece)),
    Row("ECE, batch, no labels used", _together(lambda each: each.ece), Aim(0.07, is_least=False)),
    Row("Brier score, one at a time", _alone(lambda each: each.brier)),
    Row("Brier score, batch", _together(lambda each: each.brier)),
    Row("documents a second, one core, one at a time", lambda each: _speed(each.performance), Aim(300.0), digits=0),
    Row("documents a second, one core, batch, all included", lambda each: _speed(each.batch_performance), digits=0),
    Row("memory added at most, MiB", lambda each: _memory(each.performance), digits=0),
    Row("memory added at most, batch, MiB", lambda each: _memory(each.batch_performance), digits=0),
)
