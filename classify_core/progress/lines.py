"""Progress as plain lines, for a log or wherever a bar cannot be drawn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from classify_core.progress.counts import Counts
from classify_core.progress.drawing import drawn
from classify_core.progress.events import ProgressCallback

SECONDS_BETWEEN_LINES: Final = 30.0


@contextmanager
def lines(total: int | None, *, now: Callable[[], float] = time.monotonic) -> Iterator[ProgressCallback]:
    """A line on standard error now and then, and one at the end."""
    counts = Counts(total, now=now)
    with drawn(counts, lambda: _write(counts), every=SECONDS_BETWEEN_LINES, now=now) as callback:
        yield callback


def _write(counts: Counts) -> None:
    details = counts.details()
    line = f"Classifying: {counts.progress()} documents{f' ({details})' if details else ''}\n"
    # Whoever closed standard error does not want the call, and what it has paid for, to end over it.
    with suppress(OSError, ValueError):
        if sys.stderr is not None:  # a program without a console has none
            sys.stderr.write(line)
            sys.stderr.flush()
