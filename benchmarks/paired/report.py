"""The table, and the same as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.paired.case import Case, Column, Measured
from benchmarks.paired.clients import Client

_HEADER = ("case", "official SDK (measured)", "ours", "target", "met")
_LOST = "lost"


class Round(NamedTuple):
    """What one client came to, once."""

    client: Client
    measured: Measured

    @property
    def loses(self) -> bool:
        """Whether documents have no outcome."""
        return self.measured.figures.get(_LOST, 0) > 0


@dataclass
class CaseReport:
    """What the rounds of a case came to.

    Attributes:
        case: which.
        rounds: in their order.
        failures: clients that did not do what they were told, and why.
        explanation: what was told before the rounds.
    """

    case: Case
    rounds: list[Round] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    explanation: tuple[str, ...] = ()

    def row(self) -> tuple[str, ...]:
        """The cells of its line."""
        sdk = self.case.given_for_sdk or self._cell(is_ours=False)
        return self.case.title, sdk, self._cell(is_ours=True), self.case.target, self._met()

    def as_json(self) -> dict[str, Any]:
        """Everything that was measured."""
        return {
            "case": self.case.number,
            "title": self.case.title,
            "target": self.case.target,
            "met": self._met(),
            "explained": [*self.explanation, *self.ratios()],
            "rounds": [
                {"client": client.name, "figures": measured.figures, "notes": measured.notes}
                for client, measured in self.rounds
            ],
            "failures": self.failures,
        }

    def ratios(self) -> list[str]:
        """Our median as a multiple of each official client's, for the columns that are held against them."""
        official = dict.fromkeys(each.client.name for each in self.rounds if not each.client.is_ours)
        return [
            f"{column.key}: ours is {ours / sdk:.2f} x that of the {name}"
            for column in self.case.columns
            if column.is_compared
            for name in official
            if (ours := self._median("ours", column)) is not None and (sdk := self._median(name, column))
        ]

    def _cell(self, *, is_ours: bool) -> str:
        """The figures of the columns, as ranges where rounds differ."""
        cell = " / ".join(_told(self._values(column, is_ours=is_ours), column) for column in self.case.columns)
        return "; ".join([cell, *self._losses(is_ours=is_ours)])

    def _losses(self, *, is_ours: bool) -> list[str]:
        """Which rounds lost documents, where no column tells it: without that, their figures would flatter."""
        if self._tells_losses:
            return []
        lossy = [each for each in self.rounds if each.client.is_ours == is_ours and each.loses]
        return [f"{each.measured.figures[_LOST]:.0f} documents lost: {each.client.name}" for each in lossy]

    def _met(self) -> str:
        """Whether each round of ours is what it should be; a lost document never is."""
        if any(each.client.is_ours and each.loses for each in self.rounds):
            return "no"
        verdicts = [
            column.is_met(value, self._values(column, is_ours=False))
            for column in self.case.columns
            for value in self._values(column, is_ours=True)
        ]
        decided = [verdict for verdict in verdicts if verdict is not None]
        return ("yes" if all(decided) else "no") if decided else "-"

    def _median(self, name: str, column: Column) -> float | None:
        values = _figures(column, [each for each in self.rounds if each.client.name == name])
        return statistics.median(values) if values else None

    def _values(self, column: Column, *, is_ours: bool) -> list[float]:
        """Of rounds in which documents were lost only where there are no others, or a column tells it."""
        rounds = [each for each in self.rounds if each.client.is_ours == is_ours]
        whole = [each for each in rounds if self._tells_losses or not each.loses]
        return _figures(column, whole or rounds)

    @property
    def _tells_losses(self) -> bool:
        return any(column.key == _LOST for column in self.case.columns)


def _figures(column: Column, rounds: Sequence[Round]) -> list[float]:
    return [each.measured.figures[column.key] for each in rounds if column.key in each.measured.figures]


def _told(values: Sequence[float], column: Column) -> str:
    if not values:
        return "-"
    least, most = (f"{value:,.{column.digits}f}" for value in (min(values), max(values)))
    return least if least == most else f"{least}..{most}"


def table(reports: Sequence[CaseReport]) -> str:
    """All cases, in Markdown."""
    rows = [_HEADER, ("---",) * len(_HEADER), *(report.row() for report in reports)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def machine() -> dict[str, Any]:
    """Where it was measured."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
