"""What was measured, beside what is aimed at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MEBIBYTE: Final = 1024**2
_HEADER: Final = ("what", "measured", "aim", "holds")


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        what: is measured.
        measured: as it is shown.
        aim: as it is shown; empty where there is none.
        holds: whether the aim is met.
    """

    what: str
    measured: str
    aim: str = ""
    holds: bool = True

    @property
    def row(self) -> tuple[str, str, str, str]:
        """The cells."""
        return self.what, self.measured, self.aim or "-", ("yes" if self.holds else "no") if self.aim else "-"


def exactly(what: str, measured: int, aim: int) -> Figure:
    """A count that is to be this one."""
    return Figure(what, f"{measured:,}", f"{aim:,}", holds=measured == aim)


def at_most(what: str, ratio: float, aim: float, *, of: str, told: str = "") -> Figure:
    """A multiple of something that is to be no greater."""
    return Figure(what, f"{ratio:.2f} x {of}{told}", f"at most {aim:g} x", holds=ratio <= aim)


def under(what: str, share: float, aim: float, *, told: str = "") -> Figure:
    """A share of something that is to be smaller than another."""
    return Figure(what, f"{share:.1%}{told}", f"under {aim:.0%}", holds=share < aim)


def at_most_mebibytes(what: str, size: float, aim: float) -> Figure:
    """A number of bytes that is to be no greater."""
    return Figure(what, f"{size / MEBIBYTE:.1f} MiB", f"at most {aim / MEBIBYTE:g} MiB", holds=size <= aim)


def table(figures: Sequence[Figure]) -> str:
    """All figures, in Markdown."""
    rows = [_HEADER, ("---",) * len(_HEADER), *(figure.row for figure in figures)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
