"""The moment by which something has to be done, which can be put off."""

from __future__ import annotations


class Deadline:
    """A moment of a clock's `monotonic()`.

    It can be put off by whoever made somebody wait for a reason that should not count, such as a rate limit.
    """

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def put_off(self, seconds: float) -> None:
        """Moves it so many seconds further."""
        self.moment += seconds

    def seconds_left(self, now: float) -> float:
        """The seconds from `now`, negative after it."""
        return self.moment - now
