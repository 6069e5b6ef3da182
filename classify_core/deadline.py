"""The moment by which something has to be done, which can be put off."""

from __future__ import annotations


class Deadline:
    """A moment of a clock's `monotonic()`.

    It can be put off by whoever made somebody wait for a reason that should not count, such as a rate limit.

    Args:
        moment: when.
        latest: the moment that it is never put off beyond; None is no limit.
    """

    def __init__(self, moment: float, *, latest: float | None = None) -> None:
        self.latest = latest
        self.moment = moment if latest is None else min(moment, latest)

    def put_off(self, seconds: float) -> None:
        """Moves it so many seconds further."""
        moment = self.moment + seconds
        self.moment = moment if self.latest is None else min(moment, self.latest)

    def seconds_left(self, now: float) -> float:
        """The seconds from `now`, negative after it."""
        return self.moment - now
