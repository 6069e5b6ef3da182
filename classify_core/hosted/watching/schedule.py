"""When a look at the jobs of a run is worth its request."""

from __future__ import annotations

import math
import weakref
from collections.abc import Collection
from typing import Final

from classify_core.api.calls_jobs import LARGEST_PAGE
from classify_core.backend import RunContext
from classify_core.hosted.watching.durations import Durations
from classify_core.hosted.watching.harvest import OpenJob, likeliest, moment_of
from classify_core.hosted.watching.prompt import LONGEST_LAG

SMALL_RUN: Final = 100
"""Documents from which on a run is to spare looks."""

SPARING_RATE: Final = 0.05
"""Looks a document that such a run may cost: with the upload and the creation, 2.05 requests."""

COUNTED_RATE: Final = 0.4
"""Looks a document where the plan counts every request: 2.4 requests."""

LOOKS_A_FILL: Final = 2.0
"""Looks for as many documents as may be open at once: where a look is what frees places, rarer ones leave them idle."""

KEPT_FOR_THE_END: Final = 0.5
"""Of the looks, the share that is kept for when all is begun, and each look brings the end nearer."""

NEARLY_ALL: Final = 0.9
"""Of the open jobs, the share that is worth a look while more are coming; the last one is not waited for."""

LEAST_SHARE: Final = 0.05
LARGEST_SHARE: Final = 0.95
"""At the end: of the open jobs, the share that is worth a look, between these."""

LEFT_OVER: Final = 0.02
"""At the end, the looks are planned so that as many jobs as this are expected to be open after the last one."""

PROBE: Final = 0.25
"""As long as no job was ever seen to end, the share that is worth the first look: the guess may be far too long."""

LEAST_LOOKS: Final = 3.0
"""Looks that the end of any run may cost, however small it is."""

WAIT_SHARE: Final = 0.06
WAIT_IN_MEDIANS: Final = 0.3
"""At the end, the longest wait for the next look: this share of the run's time so far, so that the run is hardly longer
for it, and at least this share of what a job usually takes, so that a short run does not use up its looks."""

STRAGGLERS: Final = 0.05
PATIENCE: Final = 3.0
"""That is for the last jobs, this share of the run. With more of them open the wait may be so many times as long: then
the times are not as they were, for example because jobs queue up at the service."""

SHORTEST_GAP: Final = LONGEST_LAG
"""Seconds between two looks at a run."""

FIRST_GAP: Final = 1.0
FIRST_GAP_WHILE_COMING: Final = 4.0
LONGEST_GAP: Final = 30.0
"""Seconds between looks beyond the budget: doubled each time, for a run has to end all the same. While more jobs come
they begin with more than the pause that the limit of uploads makes: the next jobs are worth more than the last."""

STALLED: Final = 6.0
"""Seconds without a new job after which none is expected: longer than the pause that the limit of uploads makes."""

STARVED: Final = 0.5
"""The same where all documents that were fetched have a job or need none: then no limit holds any of them back, and the
next ones are fetched only when some are done, or when the caller's iterable gives them."""


class LookBudget:
    """What the looks of one run may cost, and when the next one is worth it.

    Args:
        run: the call whose jobs are looked at; it is not kept alive.
        open_limit: how many jobs may be open at once, where it is a look that frees a place; None is any number.
        every_request_counts: whether the plan counts looks like any other request.

    Attributes:
        begun: how many jobs were watched for the run.
        spent: how many looks it has cost; one that served several runs is shared.
    """

    def __init__(self, run: RunContext, *, open_limit: int | None, every_request_counts: bool) -> None:
        self.begun = 0
        self.spent = 0.0
        self._run = weakref.ref(run)
        self._known_size = run.expected
        self._open_limit = open_limit
        self._is_counted = every_request_counts
        self._was_prompt = True
        self._is_beyond = False
        self._beyond = 0
        self._first_begin = math.inf
        self._last_begin = 0.0
        self._last_look = -math.inf

    @property
    def is_prompt(self) -> bool:
        """Whether its jobs are looked at as often as it takes."""
        return not self._is_counted and (self._expected or self.begun) < SMALL_RUN

    def begin(self, now: float) -> None:
        """Counts a job."""
        self.begun += 1
        self._first_begin = min(self._first_begin, now)
        self._last_begin = now

    def charge(self, share: float, now: float) -> None:
        """Counts a look, or the part of it that this run was the reason for."""
        self._beyond = self._beyond + 1 if self._is_beyond else 0
        self.spent += share
        self._last_look = now

    def next_look(self, jobs: Collection[OpenJob], durations: Durations, now: float, horizon: float) -> float:
        """When to look at the run's open jobs.

        Args:
            jobs: those of the run that are not being looked at.
            durations: how long jobs take.
            now: the clock's reading.
            horizon: a later moment, up to which alone it is planned.
        """
        self._forgive_small_beginning()
        wanted = self._wanted(len(jobs), now)
        if durations.is_guess and self._may_probe(now):
            wanted = min(wanted, PROBE * min(len(jobs), LARGEST_PAGE))
        moment = moment_of(wanted, likeliest(jobs, durations, horizon), durations, now, horizon)
        if not self._is_more_to_come(now):
            moment = min(moment, self._latest(len(jobs), durations, now))
        return max(moment, self._last_look + self._gap(wanted, now))

    def _latest(self, count: int, durations: Durations, now: float) -> float:
        """When to look at the end, however unlikely a job has ended: some take far longer than all others."""
        elapsed = now - self._first_begin
        wait = max(WAIT_SHARE * elapsed, WAIT_IN_MEDIANS * durations.median)
        if count > STRAGGLERS * self.begun:
            wait *= PATIENCE
        return max(self._last_look, self._last_begin + durations.median) + wait

    def _wanted(self, count: int, now: float) -> float:
        """How many of so many open jobs are to be newly done before a look is worth it."""
        at_once = min(count, LARGEST_PAGE)
        if not self._is_more_to_come(now):
            return at_once * self._share_at_the_end(count, now)
        if self._is_counted and self._open_limit is not None and count < self._open_limit:
            return math.inf  # there is room for others yet
        return min(self._fill(), at_once * NEARLY_ALL)

    def _may_probe(self, now: float) -> bool:
        """Whether a look may be spent to learn how long jobs take; not where it would keep another document waiting."""
        return self.spent == 0.0 and not (self._is_counted and self._is_more_to_come(now))

    def _fill(self) -> float:
        """The jobs newly done by which a look pays for itself, with as much left over for the end."""
        fill = 1.0 / (self._rate * (1.0 - KEPT_FOR_THE_END))
        if self._open_limit is None:
            return fill
        return min(fill, self._open_limit * (NEARLY_ALL if self._is_counted else 1.0 / LOOKS_A_FILL))

    def _share_at_the_end(self, count: int, now: float) -> float:
        """The share of so many open jobs by which the looks that are left suffice, each finding as large a one."""
        pages = -(-count // LARGEST_PAGE)
        looks = math.floor(self._left(now)) - (pages - 1)
        if looks < 1:
            return NEARLY_ALL
        share = 1.0 - math.pow(LEFT_OVER / count, 1.0 / looks)
        return min(max(share, LEAST_SHARE), LARGEST_SHARE)

    def _gap(self, wanted: float, now: float) -> float:
        """The shortest time between two looks."""
        pays = wanted >= self._fill()
        self._is_beyond = not pays and self._left(now) < 1.0
        if not self._is_beyond:
            return 0.0 if pays else SHORTEST_GAP
        first = FIRST_GAP_WHILE_COMING if self._is_more_to_come(now) else FIRST_GAP
        return min(math.ldexp(first, self._beyond), LONGEST_GAP)

    def _left(self, now: float) -> float:
        """The looks that may be spent now."""
        if self._is_more_to_come(now):
            return self._rate * self.begun * (1.0 - KEPT_FOR_THE_END) - self.spent
        return max(self._rate * self._size, LEAST_LOOKS) - self.spent

    @property
    def _rate(self) -> float:
        if self._is_counted:
            return COUNTED_RATE
        return SPARING_RATE if self._open_limit is None else max(SPARING_RATE, LOOKS_A_FILL / self._open_limit)

    @property
    def _expected(self) -> int | None:
        """How many documents the run has, as far as is known; the last that was known where the run is over."""
        run = self._run()
        if run is not None:
            self._known_size = run.expected
        return self._known_size

    @property
    def _met(self) -> int:
        """How many documents have a job or need none: it tells sooner than silence that no more jobs come."""
        run = self._run()
        return self.begun if run is None else max(run.begun, self.begun)

    @property
    def _is_any_on_its_way(self) -> bool:
        """Whether a document was fetched that has no job yet and may need one."""
        run = self._run()
        return run is not None and run.fetched > self._met

    @property
    def _size(self) -> int:
        return max(self._expected or 0, self._met)

    def _is_more_to_come(self, now: float) -> bool:
        """Whether further jobs are likely: documents that were known already, or were equal, never become one."""
        if self._expected is not None and self._met >= self._expected:
            return False
        return now < self._last_begin + (STALLED if self._is_any_on_its_way else STARVED)

    def _forgive_small_beginning(self) -> None:
        """Begins anew with a run that has turned out to be large after it was treated as a small one."""
        if self._was_prompt and not self.is_prompt:
            self._was_prompt = False
            self.spent = min(self.spent, self._rate * self.begun * (1.0 - KEPT_FOR_THE_END))
