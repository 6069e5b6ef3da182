"""Counts what begins in a span of time: what a server refuses by and what a client paces itself by."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque


class SlidingWindow:
    """Lets at most `limit` things begin in any span of `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._moments: deque[float] = deque()  # in rising order, and never more than the limit

    def free_at(self, now: float, *, ahead: int = 0) -> float:
        """The first moment at or after `now` at which another may begin, once so many `ahead` of it have begun."""
        rounds, place = divmod(ahead, self._limit)
        index = len(self._moments) + place - self._limit
        first = now if index < 0 else max(now, self._moments[index] + self._seconds)
        return first + rounds * self._seconds

    def count(self, moment: float) -> None:
        """Counts one that begins at `moment`."""
        if len(self._moments) == self._limit:
            self._moments.popleft()
        insort(self._moments, moment)

    def move(self, counted: float, moment: float) -> None:
        """Lets one that was counted at `counted` have begun at a later `moment` instead."""
        if self.forget(counted):
            self.count(moment)

    def forget(self, counted: float) -> bool:
        """Takes one that was counted at `counted` off again, and says whether it was still counted."""
        index = bisect_left(self._moments, counted)
        is_counted = index < len(self._moments) and self._moments[index] == counted
        if is_counted:
            del self._moments[index]
        return is_counted
