"""A part of the report: a heading, a table and what is to be said about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.labelling.figures import Figure

_HEADER = ("what", "measured", "aim", "holds")


@dataclass(frozen=True)
class Section:
    """What one part of the program measured.

    Attributes:
        title: what it is about.
        header: of the table.
        rows: its lines.
        notes: what stands below.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = field(default=())

    @classmethod
    def of(cls, title: str, figures: Iterable[Figure], notes: Sequence[str] = ()) -> Section:
        """One of figures, each beside its aim."""
        return cls(title, _HEADER, [figure.row for figure in figures], notes)

    def __str__(self) -> str:
        """The section in Markdown, its columns aligned."""
        widths = [max(map(len, cells)) for cells in zip(self.header, *self.rows, strict=True)]
        lines = [_line(cells, widths) for cells in (self.header, ["-" * width for width in widths], *self.rows)]
        return "\n".join([f"## {self.title}", "", *lines, *_listed(self.notes)])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"


def _listed(notes: Sequence[str]) -> list[str]:
    return ["", *(f"- {note}" for note in notes)] if notes else []
