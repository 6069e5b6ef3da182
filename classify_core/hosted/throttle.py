"""Slows all requests of a key down together when the service refuses some of them all the same.

That happens where somebody else uses the same key or organisation, or where the real limits are lower than the
published ones. What is refused then says something about all requests, so none is sent for a while. After that they
are spaced out, and the space is halved step by step until none is left.
"""

from __future__ import annotations

from typing import Final

from classify_core.api.retry import LONGEST_RETRY_AFTER

# The shortest published window lasts a second; six pauses reach through the longest one, a minute.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0

# The published creates are 0.025 s apart: we begin at a quarter of that rate, and less than the shortest is none.
FIRST_SPACE: Final = 0.1
LONGEST_SPACE: Final = 4.0
SHORTEST_SPACE: Final = 0.02

GROWTH: Final = 2.0
STEP_SECONDS: Final = 2.0
"""How long requests go well before the space between them is halved."""


class Throttle:
    """How much everybody is slowed down; without a refusal not at all."""

    def __init__(self) -> None:
        self._pause = FIRST_PAUSE
        self._space = 0.0
        self._until = self._next = float("-inf")
        self._is_served = True

    def free_at(self, now: float) -> float:
        """The first moment at or after `now` at which another request may be sent."""
        return max(now, self._until, self._next)

    def count(self, now: float) -> None:
        """Takes note that a request is sent."""
        if self._space:
            self._next = now + self._space_at(now)

    def accept(self, sent: float) -> None:
        """Takes note that a request that was sent at a moment was not refused for its rate."""
        self._is_served = self._is_served or sent >= self._until

    def refuse(self, sent: float, now: float, *, retry_after: float | None = None) -> None:
        """Takes note that a request was refused for its rate.

        Requests that were under way when the slowdown began tell nothing new: 50 refusals at once are one slowdown.

        Args:
            sent: when the request was sent.
            now: when its refusal came.
            retry_after: the seconds that the service asks to wait; `LONGEST_RETRY_AFTER` are waited at most, since the
                request that was asked for more fails at once and the others must not wait for hours in silence.
        """
        asked = None if retry_after is None else min(retry_after, LONGEST_RETRY_AFTER)
        if sent < self._until:
            self._until = max(self._until, now + (asked or 0.0))
            return
        # A pause after which nobody was served was too short; one after which they were too many was long enough.
        self._pause = FIRST_PAUSE if self._is_served else min(self._pause * GROWTH, LONGEST_PAUSE)
        self._space = min(max(FIRST_SPACE, self._space_at(now) * GROWTH), LONGEST_SPACE)
        self._until = now + (self._pause if asked is None else asked)
        self._is_served = False

    def _space_at(self, now: float) -> float:
        """The seconds between two requests, which shrink with the time since the pause."""
        if not self._space:
            return 0.0
        steps = max(0.0, (now - self._until) // STEP_SECONDS)
        space = self._space * GROWTH**-steps
        return space if space >= SHORTEST_SPACE else 0.0
