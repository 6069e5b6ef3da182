"""What the documents of one call share: what stopped it, what it knows already, and what it may still spend."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from classify_core.cache import MEMORY_ENTRIES, Cache, Journal, MemoryCache
from classify_core.errors import (
    AuthenticationError,
    ClassifyError,
    ClassifyTimeoutError,
    CreditLimitError,
    OutOfCreditsError,
    RateLimitError,
    RunStoppedError,
)

if TYPE_CHECKING:
    from classify_core.backend import Batch

SHORTEST_SECONDS: Final = 0.01
"""What a document gets that begins as the run's time ends."""


@dataclass(eq=False)
class RunState:
    """What the documents of one call share.

    Attributes:
        expected: how many documents there are; None until the caller's iterable is exhausted.
        fetched: how many documents were taken from the caller so far.
        begun: how many documents have a job or will never need one, being known already, equal to another or failed.
        open_limit: how many may be open at once by the caller's wish; None leaves it to the backend.
        journal: what was begun in former runs; None where nothing is noted.
        is_submission: whether jobs are only begun and not waited for.
        is_listened_to: whether somebody wants to know of progress.
        refresh: whether what a cache holds is made anew.
        cause: the first error that would meet every other document too; it ends the run.
        answers: what the run knows already; used where the classifier keeps no cache, or where that is made anew.
        failures: the errors of documents, so that an equal one is not tried again within the run.
        deadline: a reading of the monotonic clock after which nothing of the run is waited for; None is no limit.
        seconds: what the caller allowed for the whole call; None is no limit.
        batch: its documents as the backend sees them together; None where each is answered for itself.
        content_keys: of each document that was read, by its place; kept where there is a batch.
        is_study: whether documents are only looked at: nothing is taken from a cache or put there.
        is_raw: whether outcomes say what the backend says: nothing is withheld or calibrated.
    """

    expected: int | None = None
    fetched: int = 0
    begun: int = 0
    open_limit: int | None = None
    journal: Journal | None = None
    is_submission: bool = False
    is_listened_to: bool = False
    refresh: bool = False
    cause: ClassifyError | None = None
    answers: Cache = field(default_factory=MemoryCache)
    failures: dict[str, ClassifyError] = field(default_factory=dict)
    deadline: float | None = None
    seconds: float | None = None
    batch: Batch | None = None
    content_keys: dict[int, str] = field(default_factory=dict)
    is_study: bool = False
    is_raw: bool = False

    @property
    def is_over(self) -> bool:
        """Whether it was stopped, or its time is up."""
        return self.cause is not None or (self.deadline is not None and time.monotonic() >= self.deadline)

    @property
    def seconds_left(self) -> float | None:
        """What is left of the run's time; None without a limit."""
        return None if self.deadline is None else max(SHORTEST_SECONDS, self.deadline - time.monotonic())

    def seconds_for(self, timeout: float) -> float:
        """A document's time-out, or what is left of the run's time, whichever ends first."""
        left = self.seconds_left
        return timeout if left is None else min(timeout, left)

    def is_own(self, error: ClassifyError) -> bool:
        """Whether an error is this call's alone.

        Its time is over, and another call may have more; or its batch decides what becomes of the document.
        """
        if self.batch is not None:
            return True
        is_over = self.deadline is not None and time.monotonic() >= self.deadline - SHORTEST_SECONDS
        return is_over and isinstance(error, ClassifyTimeoutError)

    def stop(self, error: ClassifyError) -> None:
        """Lets nothing more begin."""
        self.cause = self.cause or error

    def consider(self, error: ClassifyError) -> None:
        """Takes note of an error and stops the run if it is of that kind."""
        if ends_the_run(error):
            self.stop(error)

    def remember(self, key: str, error: ClassifyError) -> None:
        """Keeps what an equal document will meet again, as far as memory should be spent on it."""
        if not ends_the_run(error) and len(self.failures) < MEMORY_ENTRIES:
            self.failures[key] = without_stack(error)

    def check(self) -> None:
        """Lets nothing begin once the run was stopped.

        Raises:
            RunStoppedError: it was.
        """
        if self.cause is not None:
            raise RunStoppedError(f"not begun, because the run was stopped by: {self.cause.message}") from self.cause


def ends_the_run(error: ClassifyError) -> bool:
    """Whether an error would meet every other document too: 401, 402, a plan-limit 429 and no credits left."""
    if isinstance(error, RateLimitError):
        return error.plan_limit
    if isinstance(error, CreditLimitError):
        return error.remaining <= 0
    return isinstance(error, (AuthenticationError, OutOfCreditsError))


def without_stack(error: ClassifyError) -> ClassifyError:
    """A copy that keeps the cause but not where they were raised: those frames hold the document."""
    own = copy.copy(error)
    own.__cause__ = error.__cause__
    own.__suppress_context__ = True
    for earlier in _causes_of(own):
        earlier.__traceback__ = None
        earlier.__context__ = None
    return own


def _causes_of(error: BaseException) -> Iterator[BaseException]:
    """The causes of an error, each once: whoever raised them may have made a ring."""
    seen = {id(error)}
    cause = error.__cause__
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__
