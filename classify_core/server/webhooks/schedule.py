"""Which delivery is next, so that a slow host holds up no other: each host has its own line and a bounded share."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field


@dataclass(frozen=True, order=True, slots=True)
class Waiting:
    """A delivery that is to be made at `due` or later, in seconds of any one clock; `number` is the order of events."""

    due: float
    number: int
    event_id: str
    host: str


@dataclass(slots=True)
class _Line:
    waiting: list[Waiting] = field(default_factory=list)
    under_way: int = 0


class Schedule:
    """The deliveries of all hosts; used on one event loop."""

    def __init__(self, *, at_once: int, at_once_per_host: int) -> None:
        self._at_once = at_once
        self._at_once_per_host = at_once_per_host
        self._under_way = 0
        self._lines: dict[str, _Line] = {}

    def add(self, waiting: Waiting) -> None:
        """Puts a delivery into its host's line."""
        heapq.heappush(self._lines.setdefault(waiting.host, _Line()).waiting, waiting)

    def take(self, now: float) -> Waiting | None:
        """Returns a delivery that is due and may begin; `release` ends it. Hosts take turns."""
        host = next((host for host, line in self._lines.items() if self._may_begin(line, now)), None)
        if host is None or self._under_way >= self._at_once:
            return None
        line = self._lines[host] = self._lines.pop(host)  # to the end
        line.under_way += 1
        self._under_way += 1
        return heapq.heappop(line.waiting)

    def release(self, waiting: Waiting) -> None:
        """Makes room for another delivery."""
        line = self._lines[waiting.host]
        line.under_way -= 1
        self._under_way -= 1
        if not line.under_way and not line.waiting:
            del self._lines[waiting.host]

    def next_due(self) -> float | None:
        """When `take` returns a delivery at the earliest; None where only `add` or `release` can change that."""
        if self._under_way >= self._at_once:
            return None
        return min((line.waiting[0].due for line in self._lines.values() if self._has_room(line)), default=None)

    def _may_begin(self, line: _Line, now: float) -> bool:
        return self._has_room(line) and line.waiting[0].due <= now

    def _has_room(self, line: _Line) -> bool:
        return bool(line.waiting) and line.under_way < self._at_once_per_host
