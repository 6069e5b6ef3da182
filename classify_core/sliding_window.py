"""Counts what begins in a span of time: what a server refuses by and what a client paces itself by."""

from __future__ import annotations

from collections import deque


class SlidingWindow:
    """Lets at most `limit` things begin in any span of `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._seconds = seconds
        self._moments: deque[float] = deque(maxlen=limit)

    def free_at(self, now: float) -> float:
        """The first moment at or after `now` at which another may begin."""
        if len(self._moments) < (self._moments.maxlen or 0):
            return now
        return max(now, self._moments[0] + self._seconds)

    def count(self, moment: float) -> None:
        """Counts one that begins at `moment`."""
        self._moments.append(moment)
