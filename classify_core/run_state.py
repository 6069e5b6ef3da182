"""What the documents of one call share: what stopped it, what it knows already, and what it may still spend."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, field
from typing import Final

from classify_core.cache import MEMORY_ENTRIES, Cache, MemoryCache
from classify_core.classification import Answer
from classify_core.errors import (
    AuthenticationError,
    ClassifyError,
    CreditLimitError,
    OutOfCreditsError,
    RateLimitError,
    RunStoppedError,
)

SHORTEST_SECONDS: Final = 0.01
"""What a document gets that begins as the run's time ends."""


@dataclass
class Budget:
    """Counts credits against a limit; both in credits.

    A job whose usage the service does not tell counts as one credit, the price of one page.
    """

    limit: float | None
    spent: float = 0.0

    def charge(self, answer: Answer) -> None:
        """Adds what an answer cost now: a job of a former run was paid for then."""
        if answer.job_id is not None and not answer.is_from_former_job:
            self.spent += 1.0 if answer.usage is None else answer.usage.total

    def check(self) -> None:
        """Refuses to begin another document once the limit is reached.

        Raises:
            CreditLimitError: it is.
        """
        if self.limit is not None and self.spent >= self.limit:
            raise CreditLimitError(
                f"max_credits={self.limit:g} is reached ({self.spent:g} credits spent); "
                "what is done is kept, raise max_credits to go on"
            )


@dataclass
class RunState:
    """What the documents of one call share.

    Attributes:
        cause: the first error that would meet every other document too; it ends the run.
        answers: what the run knows already; used where the classifier keeps no cache.
        failures: the errors of documents, so that an equal one is not tried again within the run.
        deadline: a reading of the monotonic clock after which nothing of the run is waited for; None is no limit.
    """

    cause: ClassifyError | None = None
    answers: Cache = field(default_factory=MemoryCache)
    failures: dict[str, ClassifyError] = field(default_factory=dict)
    deadline: float | None = None

    def seconds_for(self, timeout: float) -> float:
        """A document's time-out, or what is left of the run's time, whichever ends first."""
        if self.deadline is None:
            return timeout
        return max(SHORTEST_SECONDS, min(timeout, self.deadline - time.monotonic()))

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
    """Whether an error would meet every other document too: 401, 402 and a plan-limit 429."""
    if isinstance(error, RateLimitError):
        return error.plan_limit
    return isinstance(error, (AuthenticationError, OutOfCreditsError))


def without_stack(error: ClassifyError) -> ClassifyError:
    """A copy that keeps the cause but not where they were raised: those frames hold the document."""
    own = copy.copy(error)
    own.__cause__ = None if error.__cause__ is None else error.__cause__.with_traceback(None)
    own.__suppress_context__ = True
    return own
