"""When to look at the jobs of small runs, which may cost as many looks as it takes to know them early."""

from __future__ import annotations

from typing import Final

FIRST_LOOK: Final = 0.03
"""Seconds until the first look: a job that was ready at once is known after this and a round trip."""

LONGEST_LAG: Final = 0.15
"""Seconds by which the end of a job may be known late ..."""

LAG_SHARE: Final = 0.1
"""... or, where that is longer, this share of its running time."""

SPACING_PER_JOB: Final = 0.005
LONGEST_SPACING: Final = 0.12
"""Seconds between rounds of looks, by how many jobs are open: jobs made one after the other share their looks. With the
longest of these each is still looked at before `LONGEST_LAG` is over."""

SECONDS_A_SINGLE_LOOK: Final = 1 / 30
"""Where each job has to be asked for alone, a round takes this long a job: no more than 30 requests a second."""


def gap_after(age: float) -> float:
    """How long after a look, at which a job of this age was open, the next one comes; both in seconds.

    From its making on, a job is looked at after 0.03, 0.06, 0.12, 0.24, 0.39, ... s.
    """
    return max(min(LONGEST_LAG, max(age, FIRST_LOOK)), LAG_SHARE * age)


def spacing(open_jobs: int, *, is_listing: bool) -> float:
    """How long after the begin of a round of looks the next round may begin, in seconds."""
    if not is_listing:
        return max(FIRST_LOOK, open_jobs * SECONDS_A_SINGLE_LOOK)
    return min(max(FIRST_LOOK, open_jobs * SPACING_PER_JOB), LONGEST_SPACING)
