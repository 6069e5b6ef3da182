"""The hosted service's published limits, by plan."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from classify_core.checks import checked_count
from classify_core.errors import InvalidOptionError

Plan = Literal["free", "pro", "enterprise"]


class RateLimits(BaseModel):
    """What the service accepts before it answers 429, as published; None is no limit.

    Attributes:
        creates_per_second: classify jobs created in any second, per organisation.
        uploads_per_5_seconds: files uploaded in any five seconds, per project.
        requests_per_minute: requests of every kind in any minute.
        concurrent_jobs: jobs that may be open at once.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    creates_per_second: int | None = Field(default=40, ge=1)
    uploads_per_5_seconds: int | None = Field(default=50, ge=1)
    requests_per_minute: int | None = Field(default=None, ge=1)
    concurrent_jobs: int | None = Field(default=None, ge=1)

    @classmethod
    def of(cls, plan: Plan | RateLimits | None) -> RateLimits:
        """The limits of a plan by its name; None keeps to the published rates and assumes no limit of jobs.

        Raises:
            InvalidOptionError: there is no such plan.
        """
        return limits_of(plan)

    def divided(self, by: int) -> Self:
        """One worker's share where so many worker processes use the same key at the same time.

        Shares are whole and equal, so what does not divide evenly is left unused: of 40 creates a second, three
        workers get 13 each.

            Classifier(rules, plan=RateLimits.of("pro").divided(4))  # in each of four processes

        Args:
            by: how many workers there are.

        Raises:
            InvalidOptionError: a share would be less than one, or `by` is no count.
        """
        workers = checked_count("by", by, minimum=1)
        limits: dict[str, int] = self.model_dump(exclude_none=True)
        tightest = min(limits, key=limits.__getitem__, default=None)
        if tightest is not None and limits[tightest] < workers:
            raise InvalidOptionError(
                f"{tightest}={limits[tightest]} allows at most {limits[tightest]} workers, not {workers}; start fewer"
            )
        return self.model_copy(update={name: limit // workers for name, limit in limits.items()})


PLANS: Final[dict[str, RateLimits]] = {
    "free": RateLimits(requests_per_minute=20, concurrent_jobs=5),
    "pro": RateLimits(concurrent_jobs=20),
    "enterprise": RateLimits(concurrent_jobs=100),
}


def limits_of(plan: Plan | RateLimits | None) -> RateLimits:
    """The limits of a plan by its name; None keeps to the published rates and assumes no limit of jobs.

    Raises:
        InvalidOptionError: there is no such plan.
    """
    if plan is None:
        return RateLimits()
    if isinstance(plan, RateLimits):
        return plan
    if plan not in PLANS:
        raise InvalidOptionError(f"there is no plan {plan!r}; known are {', '.join(PLANS)}, or give RateLimits(...)")
    return PLANS[plan]
