"""The shortest time in which documents can be classified at all, by the limits and by what the service takes.

Nothing here waits. Every request is made at the first moment at which the limits admit it, takes no time, and none is
made in vain: an upload and a creation for each document, and one look, which happens to come when the last job ends.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from classify_core.limits import RateLimits
from classify_core.sliding_window import SlidingWindow

MINUTE: Final = 60.0
UPLOAD_SPAN: Final = 5.0


@dataclass(frozen=True)
class Possible:
    """When each part is over, in seconds from the beginning.

    Attributes:
        requests: how many are needed.
        uploaded: the last upload.
        created: the last creation.
        ended: the end of the last job.
        known: the look that finds it.
    """

    requests: int
    uploaded: float
    created: float
    ended: float
    known: float

    def __str__(self) -> str:
        return (
            f"{self.requests} requests; the last upload at {self.uploaded:.2f} s, the last creation at "
            f"{self.created:.2f} s, the end of the last job at {self.ended:.2f} s, known at {self.known:.2f} s"
        )


def possible_time(durations: Sequence[float], limits: RateLimits, *, concurrent_jobs: int | None = None) -> Possible:
    """The least that any client needs.

    Args:
        durations: of the jobs in seconds, in the order of their creation.
        limits: what the service accepts.
        concurrent_jobs: jobs that run at once; more wait, first come first served. By default what `limits` say.
    """
    uploads, creations, every = _moments(len(durations), limits)
    ended = _last_end(creations, durations, concurrent_jobs or limits.concurrent_jobs)
    return Possible(2 * len(durations) + 1, uploads[-1], creations[-1], ended, every.free_at(ended))


def _moments(count: int, limits: RateLimits) -> tuple[list[float], list[float], SlidingWindow]:
    """When each document is uploaded and its job created, and the window over all requests.

    A creation goes before an upload where both could be: a job that begins earlier never ends later.
    """
    every = _window(limits.requests_per_minute, MINUTE, count)
    upload, create = (
        _window(limits.uploads_per_5_seconds, UPLOAD_SPAN, count),
        _window(limits.creates_per_second, 1.0, count),
    )
    uploads, creations, now = list[float](), list[float](), 0.0
    while len(creations) < count:
        may_create = max(create.free_at(now), every.free_at(now))
        may_upload = max(upload.free_at(now), every.free_at(now))
        is_creation = len(creations) < len(uploads) and (len(uploads) == count or may_create <= may_upload)
        now = may_create if is_creation else may_upload
        (creations if is_creation else uploads).append(now)
        (create if is_creation else upload).count(now)
        every.count(now)
    return uploads, creations, every


def _window(limit: int | None, seconds: float, count: int) -> SlidingWindow:
    """A window; where there is no limit, one that all requests of the run fit into."""
    return SlidingWindow(2 * count + 1 if limit is None else limit, seconds)


def _last_end(creations: Sequence[float], durations: Sequence[float], concurrent_jobs: int | None) -> float:
    """When the last job ends: each begins when it was created and has a place."""
    places = [0.0] * (concurrent_jobs or len(durations))
    for created, seconds in zip(creations, durations, strict=True):
        heapq.heapreplace(places, max(created, places[0]) + seconds)
    return max(places)
