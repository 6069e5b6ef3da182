"""How many jobs a look would find newly done, and when it would find enough."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from typing import Final, Protocol, TypeVar

from classify_core.api.calls_jobs import LARGEST_PAGE
from classify_core.hosted.watching.durations import Durations

HALVINGS: Final = 6
"""Steps of the search for a moment: a sixty-fourth of the span that is searched."""

GRAINS: Final = 20
"""Jobs whose ages differ by less than this part of the median are taken to be equally likely done."""


class OpenJob(Protocol):
    """A job that has not been seen to have ended.

    Attributes:
        created: when it was made; a reading of the clock, in seconds.
        looked_at: when the last look at it began, or when it was made.
    """

    created: float
    looked_at: float


J = TypeVar("J", bound=OpenJob)


def probability(job: OpenJob, durations: Durations, moment: float) -> float:
    """How likely a job that was open at the last look has ended at a moment."""
    return durations.probability_done(moment - job.created, job.looked_at - job.created)


def likeliest(jobs: Collection[J], durations: Durations, moment: float, count: int = LARGEST_PAGE) -> Sequence[J]:
    """Those that are likeliest done at a moment, at most so many."""
    if len(jobs) <= count:
        return list(jobs)
    grain = durations.median / GRAINS
    known: dict[tuple[int, int], float] = {}

    def rank(job: J) -> float:
        key = int((moment - job.created) / grain), int((job.looked_at - job.created) / grain)
        if key not in known:
            known[key] = probability(job, durations, moment)
        return known[key]

    return heapq.nlargest(count, jobs, key=rank)


def harvest(jobs: Collection[OpenJob], durations: Durations, moment: float) -> float:
    """How many of the jobs are expected to be newly done at a moment."""
    return sum(probability(job, durations, moment) for job in jobs)


def moment_of(wanted: float, jobs: Sequence[OpenJob], durations: Durations, now: float, horizon: float) -> float:
    """When a look would find so many newly done; `horizon`, a later moment, where that is not before it."""
    if harvest(jobs, durations, now) >= wanted:
        return now
    if harvest(jobs, durations, horizon) < wanted:
        return horizon
    early, late = now, horizon
    for _ in range(HALVINGS):
        middle = (early + late) / 2
        if harvest(jobs, durations, middle) >= wanted:
            late = middle
        else:
            early = middle
    return late
