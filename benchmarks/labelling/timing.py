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
    """What some work took, and came to; the garbage collector is at work as it would be in anybody's program."""
    gc.collect()  # what went before is not collected at the cost of this
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    return Seconds(time.process_time() - processor, time.perf_counter() - wall), result
