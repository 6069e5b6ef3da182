"""Waiting for a job: look first, sleep after, until it ends or the time is over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from classify_core.api.call import Call
from classify_core.api.flow import Flow, Pause, Terms, TooLateError, exchange
from classify_core.checks import checked_seconds
from classify_core.errors import ClassifyTimeoutError, JobFailedError

T = TypeVar("T")

DEFAULT_TIMEOUT = 600.0
FIRST_INTERVAL = 0.3
LONGEST_INTERVAL = 5.0
INTERVAL_GROWTH = 1.4
JITTER = 0.25
"""Pauses are up to this share shorter, so that jobs made together are not looked at together."""

LAST_LOOK_SECONDS = 2.0
"""A look that begins near the deadline may take this long: `timeout=0` means one look, not none."""

FAILURE_CODES: Mapping[str, str] = {
    "UNSUPPORTED_FILE_TYPE": "convert the document to a supported format, such as PDF",
    "PDF_IS_PROTECTED": "remove the password and upload it again",
    "PDF_IS_BROKEN": "repair the file, or export it again",
    "NO_DATA_FOUND_IN_FILE": "the document has no text to read; check that it is not empty",
    "DOCUMENT_TOO_LARGE": "split the document",
    "TOO_MANY_PAGES": "limit the pages with max_pages or target_pages",
    "TIMEOUT": "the service took too long; limit the pages, or try again",
}
"""The published codes with their remedies (contract README, "Limits, errors, price")."""

_CODE = re.compile(rf"({'|'.join(FAILURE_CODES)})(?![A-Z_])")


@dataclass(frozen=True)
class Wait(Generic[T]):
    """Looks at a job until it has ended.

    Attributes:
        known: the job, where it is known already.
        look: gets the job.
        has_ended: says whether it has, and raises where it ended badly.
        timeout: seconds from now.
        poll_interval: seconds between looks; None begins short and grows.
    """

    known: T | None
    look: Call[T]
    has_ended: Callable[[T], bool]
    timeout: float
    poll_interval: float | None

    def __post_init__(self) -> None:
        checked_seconds("timeout", self.timeout, zero_allowed=True)
        if self.poll_interval is not None:
            checked_seconds("poll_interval", self.poll_interval)


def await_end(wait: Wait[T], terms: Terms) -> Flow[T]:
    """The course of a wait.

    Raises:
        ClassifyTimeoutError: the job had not ended in time.
    """
    if wait.known is not None and wait.has_ended(wait.known):
        return wait.known
    left = terms.seconds_left()
    seconds = wait.timeout if left is None else max(0.0, min(wait.timeout, left))
    terms = terms.within(seconds)
    looks = 0
    while True:
        try:
            job = yield from exchange(wait.look, terms, shortest=LAST_LOOK_SECONDS)
        except TooLateError as late:
            raise _timeout_error(wait, seconds) from late.__cause__
        if wait.has_ended(job):
            return job
        if terms.is_late():
            raise _timeout_error(wait, seconds)
        looks += 1
        yield Pause(_pause(wait, looks, terms))


def _pause(wait: Wait[T], looks: int, terms: Terms) -> float:
    interval = wait.poll_interval
    if interval is None:
        grown = min(FIRST_INTERVAL * INTERVAL_GROWTH ** (looks - 1), LONGEST_INTERVAL)
        interval = grown * (1 - JITTER * terms.clock.fraction())
    left = terms.seconds_left()
    return interval if left is None else max(0.0, min(interval, left))


def _timeout_error(wait: Wait[T], seconds: float) -> ClassifyTimeoutError:
    return ClassifyTimeoutError(
        f"the job had not ended after {seconds:.3g} s; it may still end: wait again, or with a longer timeout",
        timeout=seconds,
        job_id=wait.look.job_id,
    )


def failure_of(job_id: str, error_message: str | None) -> JobFailedError:
    """Returns the error of a failed job, with its code where its message begins with a published one."""
    text = (error_message or "").strip()
    match = _CODE.match(text)
    code = match[1] if match else None
    advice = FAILURE_CODES[code] if code else "look at the document"
    return JobFailedError(
        f"the job failed ({text or 'the service gives no reason'}); {advice}. A new attempt needs a new transaction_id",
        code=code,
        job_id=job_id,
    )
