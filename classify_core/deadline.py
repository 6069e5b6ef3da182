"""The moment by which something has to be done, which can be put off."""

from __future__ import annotations

import time
from typing import Self


class Deadline:
    """A moment of a clock's `monotonic()`.

    It can be put off by whoever made somebody wait for a reason that should not count, such as a rate limit.

    Args:
        moment: when.
        latest: the moment that it is never put off beyond; None is no limit.

    Attributes:
        waited: the seconds that did not count so far.
    """

    def __init__(self, moment: float, *, latest: float | None = None) -> None:
        self.latest = latest
        self.waited = 0.0
        self.moment = moment if latest is None else min(moment, latest)

    @classmethod
    def within(cls, seconds: float, now: float, *, of_call: float | None) -> Self:
        """The deadline of a document: so many seconds from `now`, and not later than its call's.

        Args:
            seconds: the document's own.
            now: a reading of the clock.
            of_call: the call's deadline, as a reading of `time.monotonic()`; None where it has none.
        """
        return cls(now + seconds, latest=None if of_call is None else now + of_call - time.monotonic())

    def put_off(self, seconds: float) -> None:
        """Moves it so many seconds further."""
        self.waited += seconds
        moment = self.moment + seconds
        self.moment = moment if self.latest is None else min(moment, self.latest)

    def seconds_left(self, now: float) -> float:
        """The seconds from `now`, negative after it."""
        return self.moment - now
