"""Between a call, which may tell thousands of events a second, and a display, which is slow."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from classify_core.progress.counts import Counts
from classify_core.progress.events import ProgressCallback, ProgressEvent


@contextmanager
def drawn(
    counts: Counts, draw: Callable[[], object], *, every: float, now: Callable[[], float] = time.monotonic
) -> Iterator[ProgressCallback]:
    """A callback that counts each event and draws at most once in `every` seconds, and once at the end.

    Args:
        counts: what is drawn.
        draw: draws it as it is.
        every: seconds between two drawings.
        now: seconds of a clock.
    """
    drawn_at = now()

    def count(event: ProgressEvent) -> None:
        nonlocal drawn_at
        counts.add(event)
        moment = now()
        if moment - drawn_at >= every:
            drawn_at = moment
            draw()

    try:
        yield count
    finally:
        draw()
