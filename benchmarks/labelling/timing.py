"""What some work takes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

Result = TypeVar("Result")

MICROSECONDS: Final = 1e6


@dataclass(frozen=True)
class Seconds:
    """How long some work took.

    Attributes:
        processor: that of all threads of the process together; it is the same on a busy machine.
        wall: what a clock shows.
    """

    processor: float
    wall: float


def timed(work: Callable[[], Result]) -> tuple[Seconds, Result]:
    """What some work took, and came to.

    The garbage collector is at work as in anybody's program, but looks at what the work itself makes only: a full
    collection of all that was there before takes longer than the work, and comes to one of two measurements by chance.
    """
    gc.collect()
    gc.freeze()
    try:
        wall, processor = time.perf_counter(), time.process_time()
        result = work()
        return Seconds(time.process_time() - processor, time.perf_counter() - wall), result
    finally:
        gc.unfreeze()
