"""How long jobs take, drawn so that a run can be repeated."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Final, Self

from classify_core.checks import LONGEST_SECONDS, checked_amount, checked_seconds
from classify_core.errors import InvalidOptionError

LARGEST_SIGMA: Final = 5.0
"""At this already, one job in three takes 150 times the median or a 150th of it."""


@dataclass(frozen=True)
class JobSeconds:
    """The durations of jobs, log-normal: most are near the median, a few take far longer.

    Attributes:
        median: in seconds; half of the jobs take longer.
        sigma: the standard deviation of the logarithm, 0 to `LARGEST_SIGMA`; at 0 every job takes the median.
    """

    median: float
    sigma: float = 0.0

    def __post_init__(self) -> None:
        checked_seconds("the median of job seconds", self.median, zero_allowed=True)
        if checked_amount("the sigma of job seconds", self.sigma) > LARGEST_SIGMA:
            raise InvalidOptionError(f"the sigma of job seconds is {self.sigma!r}; give 0 to {LARGEST_SIGMA:g}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads `MEDIAN` or `MEDIAN,SIGMA`, as in `"2"` and `"2,0.5"`.

        Raises:
            InvalidOptionError: it is neither.
        """
        try:
            median, *sigma = (float(part) for part in text.split(","))
        except ValueError:
            raise InvalidOptionError(_not_readable(text)) from None
        if len(sigma) > 1:
            raise InvalidOptionError(_not_readable(text))
        return cls(median, *sigma)

    def seconds_of(self, seed: int, place: int) -> float:
        """The seconds of one job: the same for the same seed and place in its project, whatever else there is."""
        drawn = random.Random(f"{seed} {place}").gauss(0.0, self.sigma)  # noqa: S311 - to be repeated, not secret
        return min(self.median * math.exp(drawn), LONGEST_SECONDS)


def _not_readable(text: str) -> str:
    return f"job seconds are {text!r}; give MEDIAN or MEDIAN,SIGMA, such as 2 or 2,0.5"
