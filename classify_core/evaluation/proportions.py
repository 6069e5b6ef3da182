"""Shares of documents with the interval in which the true share may lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final

from classify_core.errors import InvalidOptionError

Z: Final = NormalDist().inv_cdf(0.975)
"""Standard errors to either side of an estimate that make a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share, measured on a sample.

    Attributes:
        count: how many are of the kind.
        total: how many there are; at least 1.
    """

    count: int
    total: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.total or self.total == 0:
            raise InvalidOptionError(f"{self.count} of {self.total} is no share; count documents first")

    @property
    def value(self) -> float:
        """The share, 0.0 to 1.0."""
        return self.count / self.total

    @property
    def low(self) -> float:
        """Where the 95 % interval begins."""
        return self._interval[0]

    @property
    def high(self) -> float:
        """Where the 95 % interval ends."""
        return self._interval[1]

    @property
    def _interval(self) -> tuple[float, float]:
        """Wilson's score interval, which stays within 0 to 1 and holds for few documents.

        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference" (1927).
        """
        squared = Z * Z
        middle = (self.count + squared / 2) / (self.total + squared)
        spread = math.sqrt(self.count * (self.total - self.count) / self.total + squared / 4)
        half = Z * spread / (self.total + squared)
        low = 0.0 if self.count == 0 else middle - half
        return low, 1.0 if self.count == self.total else middle + half

    def to_dict(self) -> dict[str, Any]:
        """The share and its interval as plain data."""
        return {"value": self.value, "low": self.low, "high": self.high, "count": self.count, "total": self.total}


def proportion_of(count: int, total: int) -> Proportion | None:
    """The share; None where there is nothing to have one of."""
    return Proportion(count, total) if total else None
