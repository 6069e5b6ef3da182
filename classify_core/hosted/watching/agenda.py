"""Which jobs to look at now, on whose account, and when to ask again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from classify_core.api.calls_jobs import LARGEST_PAGE
from classify_core.hosted.watching.durations import Durations
from classify_core.hosted.watching.harvest import likeliest, probability
from classify_core.hosted.watching.lookup import JobLookup, SeenJob
from classify_core.hosted.watching.prompt import spacing
from classify_core.hosted.watching.schedule import LookBudget
from classify_core.hosted.watching.watched_job import WatchedJob
from classify_core.models import JobStatus

TICK: Final = 0.25
"""Seconds after which the schedule is thought over, at the latest: a run may have ended, a deadline may have moved."""

JOBS_A_TICK: Final = 1000
"""With more open jobs than this, which take longer to think about, it is thought over more rarely."""

LATE_SPACING: Final = 0.5
"""Seconds between looks that deadlines ask for: jobs made one after the other also time out so."""

WORTH_A_LINE: Final = 0.05
"""How likely done a job has to be to be asked for along with others; each one makes the answer longer."""


@dataclass(frozen=True)
class Look:
    """Jobs that one request asks for.

    Attributes:
        jobs: the jobs.
        lookup: by whom.
        reasons: the runs that it is for, with the share of it that each has to answer for.
        is_late: whether a deadline does not let it wait for a place.
    """

    jobs: Sequence[WatchedJob]
    lookup: JobLookup
    reasons: dict[LookBudget, float]
    is_late: bool


class Agenda:
    """The open jobs of a watcher, by run.

    Attributes:
        jobs: by ID.
        durations: how long they take.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, WatchedJob] = {}
        self.durations = Durations()
        self._runs: dict[LookBudget, dict[str, WatchedJob]] = {}
        self._last_round = -math.inf
        self._last_late_round = -math.inf

    def add(self, job: WatchedJob, budget: LookBudget) -> None:
        """Adds a job to a run."""
        self.jobs[job.job_id] = job
        self._runs.setdefault(budget, {})[job.job_id] = job

    def prune(self, job: WatchedJob) -> None:
        """Forgets who does not wait for a job any more, and the job with the last of them."""
        left = [watch for watch in job.watches if not watch.future.done()]
        gone = {watch.budget for watch in job.watches} - {watch.budget for watch in left}
        job.watches = left
        for budget in gone & self._runs.keys():
            self._runs[budget].pop(job.job_id, None)
            if not self._runs[budget]:
                del self._runs[budget]
        if not left and self.jobs.get(job.job_id) is job:
            del self.jobs[job.job_id]

    def learn(self, job: WatchedJob, seen: SeenJob, now: float) -> None:
        """Learns from a job that has just been seen."""
        if not seen.status.is_terminal:
            self.durations.learn_open(now - job.created)
            return
        seconds = running_time(job, seen, now)
        if seconds is not None:
            self.durations.learn(seconds)

    def looks(self, now: float) -> tuple[list[Look], float]:
        """The looks that are due, the most urgent first, and when to ask again at the latest."""
        late, late_moment = self._late(now)
        prompt, prompt_moment = self._prompt(now)
        sparing, sparing_moment = self._sparing(now)
        due = late | prompt | sparing
        looks = [look for lookup, jobs in self._by_lookup(due) for look in self._looks_at(jobs, lookup, due, late, now)]
        return looks, min(late_moment, prompt_moment, sparing_moment)

    def begun(self, look: Look, now: float) -> None:
        """Takes note that a look has begun."""
        for budget, share in look.reasons.items():
            budget.charge(share, now)
            if budget.is_prompt:
                self._last_round = now
        if look.is_late:
            self._last_late_round = now
        for job in look.jobs:
            job.is_looked_at = True
            job.lacks_place = False

    def _idle(self, jobs: Iterable[WatchedJob]) -> list[WatchedJob]:
        return [job for job in jobs if not job.is_looked_at]

    def _late(self, now: float) -> tuple[dict[WatchedJob, LookBudget], float]:
        """Jobs whose deadline is over: a last look tells whether they were done in time."""
        idle = self._idle(self.jobs.values())
        moment = max(min((job.next_deadline for job in idle), default=math.inf), self._last_late_round + LATE_SPACING)
        if moment > now:
            return {}, moment
        return {job: job.watches[0].budget for job in idle if job.next_deadline <= now}, now + LATE_SPACING

    def _prompt(self, now: float) -> tuple[dict[WatchedJob, LookBudget], float]:
        """Jobs of small runs whose next look is due, or would be before the next round of looks."""
        runs = [(budget, jobs) for budget, jobs in self._runs.items() if budget.is_prompt]
        idle = {job: budget for budget, jobs in runs for job in self._idle(jobs.values())}
        if not idle:
            return {}, math.inf
        is_listing = all(job.lookup.is_listing for job in idle)
        pause = spacing(sum(len(jobs) for _, jobs in runs), is_listing=is_listing)
        first = max(min(job.next_prompt_look for job in idle), self._last_round + pause)
        if first > now and not any(job.lacks_place for job in idle):
            return {}, first
        soon = now + pause if is_listing else now  # none has to wait for the round after it
        due = sorted((job for job in idle if job.next_prompt_look <= soon), key=lambda job: job.next_prompt_look)
        return {job: idle[job] for job in due}, now + pause

    def _sparing(self, now: float) -> tuple[dict[WatchedJob, LookBudget], float]:
        """Jobs of the runs whose looks are worth their request now."""
        due: dict[WatchedJob, LookBudget] = {}
        horizon, moment = now + TICK * max(1.0, len(self.jobs) / JOBS_A_TICK), math.inf
        for budget, jobs in self._runs.items():
            if budget.is_prompt:
                continue
            idle = self._idle(jobs.values())
            if not idle or len(idle) < min(len(jobs), LARGEST_PAGE):
                continue  # a look at the run is on its way, and says how to go on
            begin = budget.next_look(idle, self.durations, now, horizon)
            moment = min(moment, horizon)
            if begin <= now:
                due |= dict.fromkeys(likeliest(idle, self.durations, now), budget)
            else:
                moment = min(moment, begin)
        return due, moment

    def _by_lookup(self, due: Iterable[WatchedJob]) -> Iterator[tuple[JobLookup, list[WatchedJob]]]:
        """Divides jobs by who can look at them; all belong to one account, so that is mostly anybody."""
        shared = [job for job in due if not job.needs_own_lookup]
        if shared:
            yield max(shared, key=lambda job: job.created).lookup, shared  # the newest one's client is surely in use
        alone: dict[JobLookup, list[WatchedJob]] = {}
        for job in due:
            if job.needs_own_lookup:
                alone.setdefault(job.lookup, []).append(job)
        yield from alone.items()

    def _looks_at(
        self,
        jobs: Sequence[WatchedJob],
        lookup: JobLookup,
        due: Mapping[WatchedJob, LookBudget],
        late: Container[WatchedJob],
        now: float,
    ) -> Iterator[Look]:
        for begin in range(0, len(jobs), LARGEST_PAGE):
            part = jobs[begin : begin + LARGEST_PAGE]
            counts = Counter(due[job] for job in part)
            reasons = {budget: count / len(part) for budget, count in counts.items()}
            is_late = any(job in late for job in part)
            is_shared = lookup.is_listing and not part[0].needs_own_lookup
            others = self._others(due, LARGEST_PAGE - len(part), now) if is_shared else ()
            yield Look((*part, *others), lookup, reasons, is_late=is_late)

    def _others(self, due: Container[WatchedJob], room: int, now: float) -> Sequence[WatchedJob]:
        """Jobs that are not due but may have ended: a request that is made anyway asks for them too."""
        if room == 0:
            return ()
        idle = [job for job in self._idle(self.jobs.values()) if job not in due and not job.needs_own_lookup]
        chosen = likeliest(idle, self.durations, now, room)
        return [job for job in chosen if probability(job, self.durations, now) >= WORTH_A_LINE]


def running_time(job: WatchedJob, seen: SeenJob, now: float) -> float | None:
    """How long a job took, in seconds; None where that cannot be said.

    The service's own word is taken where it fits what was seen here. Without it the end is somewhere between the last
    look that found the job open and now.
    """
    if seen.status is JobStatus.CANCELLED:
        return None
    observed = now - job.created
    told = _told_time(seen)
    if told is None or told < 0.0:
        return (job.looked_at - job.created + observed) / 2
    return told if told <= observed + 1.0 else None  # else it is older than its watch


def _told_time(seen: SeenJob) -> float | None:
    created, ended = seen.created_at, seen.updated_at
    if created is None or ended is None or (created.tzinfo is None) != (ended.tzinfo is None):
        return None
    return (ended - created).total_seconds()
