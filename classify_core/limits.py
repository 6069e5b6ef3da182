"""The hosted service's published limits, by plan."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

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
