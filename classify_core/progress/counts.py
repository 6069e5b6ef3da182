"""How far a call is: what was told of its documents, in numbers."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable

from classify_core.progress.events import ProgressEvent, Stage

_UNDER_WAY = (Stage.UPLOADED, Stage.CREATED, Stage.RUNNING)


class Counts:
    """Counts documents by the last thing that was told of each; it remembers the open ones alone.

    Events come from one thread; another may read meanwhile.

    Args:
        total: how many documents there are; None where nobody knows.
        now: seconds of any clock that never goes back.
    """

    def __init__(self, total: int | None, *, now: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.finished = 0
        self._now = now
        self._by_stage: Counter[Stage] = Counter()
        self._under_way: dict[int, Stage] = {}
        self._waits_until: float | None = None

    def add(self, event: ProgressEvent) -> None:
        """Takes an event in."""
        is_waiting = event.stage is Stage.WAITING and event.seconds is not None
        self._waits_until = self._now() + (event.seconds or 0.0) if is_waiting else None
        if event.stage is Stage.WAITING:  # it stays where it was
            return
        former = self._under_way.pop(event.index, None)
        if former is not None:
            self._by_stage[former] -= 1
        self._by_stage[event.stage] += 1
        if event.stage.is_last:
            self.finished += 1
        else:
            self._under_way[event.index] = event.stage

    @property
    def seconds_to_wait(self) -> int:
        """For how long yet a limit of the plan holds the call back, where that was the last thing told; else 0."""
        until = self._waits_until
        return 0 if until is None else max(0, math.ceil(until - self._now()))

    def progress(self) -> str:
        """Such as `3/10`."""
        return str(self.finished) if self.total is None else f"{self.finished}/{self.total}"

    def details(self) -> str:
        """Such as `1 failed, 40 running, waiting 12 s for the plan's limit`; empty where there is nothing to say."""
        stages = (Stage.FAILED, Stage.CACHED, *_UNDER_WAY)
        told = [f"{self._by_stage[stage]} {stage}" for stage in stages if self._by_stage[stage] > 0]
        seconds = self.seconds_to_wait
        if seconds > 0:
            told.append(f"waiting {seconds} s for the plan's limit")
        return ", ".join(told)
