"""How long jobs take, learned from those that were seen to end."""

from __future__ import annotations

import math
from collections import deque
from typing import Final

REMEMBERED: Final = 300
"""Recent jobs that are learned from: enough for a steady estimate, few enough to follow a service that slows down."""

PRIOR_MEDIAN: Final = 2.0
PRIOR_SIGMA: Final = 1.0
"""Before anything was seen: seconds, and a spread in which 0.3 s and 15 s are still usual."""

PRIOR_WEIGHT: Final = 5.0
"""How many jobs seen the guess counts as in the beginning ..."""

PRIOR_FADES: Final = 10.0
"""... and after how many jobs seen only half as many: a wrong guess would keep the spread too wide."""

STILL_OPEN: Final = 2.0
"""As long as no job has ended, half of them are taken to need this many times the age of one seen open."""

SHORTEST: Final = 0.01
"""Seconds that a job counts as at least; below, the round trip decides, and the logarithm has no end."""

LEAST_SIGMA: Final = 0.1
"""No service is steadier than this for long."""

STRAYS: Final = 0.005
STRAY_SIGMA: Final = 1.0
"""A share of the jobs, and its spread, that does as it likes: what is late already may be much later."""

_ROOT_OF_2: Final = math.sqrt(2.0)


class Durations:
    """The running times of jobs as a log-normal distribution with a few strays."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=REMEMBERED)
        self._guess = PRIOR_MEDIAN
        self._mean = math.log(PRIOR_MEDIAN)
        self._sigma = PRIOR_SIGMA
        self._is_current = True

    @property
    def median(self) -> float:
        """The seconds that half of the jobs take longer than."""
        self._fit()
        return math.exp(self._mean)

    @property
    def sigma(self) -> float:
        """The spread: the standard deviation of the logarithm of the seconds."""
        self._fit()
        return self._sigma

    @property
    def is_guess(self) -> bool:
        """Whether no job was seen to end yet."""
        return not self._seen

    def learn(self, seconds: float) -> None:
        """Takes note of a job that took so many seconds."""
        self._seen.append(math.log(max(seconds, SHORTEST)))
        self._is_current = False

    def learn_open(self, age: float) -> None:
        """Takes note that a job was open at this age, in seconds: as long as nothing else is known, the guess grows."""
        if not self._seen and STILL_OPEN * age > self._guess:
            self._guess = STILL_OPEN * age
            self._is_current = False

    def probability_open(self, age: float) -> float:
        """How likely a job of this age, in seconds, has not ended yet; 1.0 at its beginning."""
        if age <= 0.0:
            return 1.0
        self._fit()
        distance = (math.log(age) - self._mean) / _ROOT_OF_2
        usual = math.erfc(distance / self._sigma)
        return 0.5 * ((1.0 - STRAYS) * usual + STRAYS * math.erfc(distance / STRAY_SIGMA))

    def probability_done(self, age: float, known_open_at: float = 0.0) -> float:
        """How likely a job of this age has ended, where it was seen open at the age of `known_open_at`; in seconds."""
        before = self.probability_open(known_open_at)
        if before <= 0.0:  # beyond all numbers: as likely as for one whose end is as far away as it is old
            return max(0.0, 1.0 - known_open_at / age) if age > 0.0 else 0.0
        return max(0.0, 1.0 - self.probability_open(age) / before)

    def _fit(self) -> None:
        if self._is_current:
            return
        count = len(self._seen)
        prior = PRIOR_WEIGHT / (1.0 + count / PRIOR_FADES)
        guess = math.log(self._guess)
        self._mean = (prior * guess + sum(self._seen)) / (prior + count)
        guessed = prior * (PRIOR_SIGMA**2 + (guess - self._mean) ** 2)
        squares = guessed + sum((value - self._mean) ** 2 for value in self._seen)
        self._sigma = max(LEAST_SIGMA, math.sqrt(squares / (prior + count)))
        self._is_current = True
