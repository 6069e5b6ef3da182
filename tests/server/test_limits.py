from __future__ import annotations

import httpx
import pytest

from classify_core import InvalidOptionError, RateLimits
from classify_core.limits import PLANS
from classify_core.server.middleware.rate_limiting import RateLimiter
from classify_core.testing.server import ClassifyServer
from tests.clocks import QuickClock

CREATE = ("POST", "/api/v2/classify")
CREATE_V1 = ("POST", "/api/v1/classifier/jobs")
UPLOAD = ("POST", "/api/v1/beta/files")
UPLOAD_V1 = ("POST", "/api/v1/files")
LOOK = ("GET", "/api/v2/classify/1")
NONE = RateLimits(creates_per_second=None, uploads_per_5_seconds=None)


def _accepted(limiter: RateLimiter, calls: list[tuple[str, str]], project: str = "mine") -> int:
    return sum(limiter.admit(project, *call) is None for call in calls)


def test_creates_of_both_apis_are_counted_together_in_any_second() -> None:
    clock = QuickClock()
    limiter = RateLimiter(RateLimits(), clock)
    assert _accepted(limiter, [CREATE, CREATE_V1] * 30) == 40
    clock.time = 0.99
    assert _accepted(limiter, [CREATE]) == 0
    clock.time = 1.0
    assert _accepted(limiter, [CREATE] * 60) == 40


def test_uploads_of_both_routes_are_counted_together_in_any_five_seconds() -> None:
    clock = QuickClock()
    limiter = RateLimiter(RateLimits(), clock)
    assert _accepted(limiter, [UPLOAD, UPLOAD_V1] * 30) == 50
    clock.time = 4.9
    assert _accepted(limiter, [UPLOAD]) == 0
    clock.time = 5.0
    assert _accepted(limiter, [UPLOAD] * 60) == 50


def test_the_free_plan_counts_every_request_of_a_minute() -> None:
    clock = QuickClock()
    limiter = RateLimiter(PLANS["free"], clock)
    assert _accepted(limiter, [CREATE, UPLOAD, LOOK] * 10) == 20
    clock.time = 60.0
    assert _accepted(limiter, [LOOK] * 30) == 20


def test_a_refused_request_takes_no_place() -> None:
    clock = QuickClock()
    limiter = RateLimiter(RateLimits(creates_per_second=1, requests_per_minute=3), clock)
    assert _accepted(limiter, [CREATE] * 10) == 1
    assert _accepted(limiter, [LOOK] * 10) == 2


def test_the_window_slides() -> None:
    clock = QuickClock()
    limiter = RateLimiter(RateLimits(creates_per_second=2), clock)
    accepted = []
    for moment in (0.0, 0.6, 0.9, 1.0, 1.5, 1.6):
        clock.time = moment
        accepted.append(limiter.admit("mine", *CREATE) is None)
    assert accepted == [True, True, False, True, False, True]


def test_each_project_has_its_own_count() -> None:
    limiter = RateLimiter(RateLimits(creates_per_second=3), QuickClock())
    assert _accepted(limiter, [CREATE] * 5, "mine") == 3
    assert _accepted(limiter, [CREATE] * 5, "theirs") == 3


def test_looks_are_free_where_only_creates_and_uploads_are_limited() -> None:
    assert _accepted(RateLimiter(RateLimits(), QuickClock()), [LOOK] * 500) == 500
    assert _accepted(RateLimiter(NONE, QuickClock()), [CREATE, UPLOAD] * 500) == 1000


def test_setting_the_limits_counts_anew() -> None:
    limiter = RateLimiter(RateLimits(creates_per_second=2), QuickClock())
    assert _accepted(limiter, [CREATE] * 3) == 2
    limiter.limits = RateLimits(creates_per_second=1)
    assert _accepted(limiter, [CREATE] * 3) == 1


def test_a_refusal_reads_as_the_hosted_one_and_names_no_time(classify_server: ClassifyServer) -> None:
    classify_server.limits = "free"
    with httpx.Client(base_url=classify_server.base_url, headers=_bearer(classify_server.api_key)) as client:
        answers = [client.get("/api/v2/classify") for _ in range(21)]
    assert [answered.status_code for answered in answers] == [200] * 20 + [429]
    refusal = answers[-1]
    assert refusal.json()["detail"].startswith("Rate limit exceeded. ")
    assert "retry-after" not in refusal.headers


def test_one_projects_requests_refuse_nothing_to_another_nor_to_health(classify_server: ClassifyServer) -> None:
    other = classify_server.another_key()
    classify_server.limits = RateLimits(requests_per_minute=1)
    url = f"{classify_server.base_url}/api/v2/classify"
    mine = [httpx.get(url, headers=_bearer(classify_server.api_key)).status_code for _ in range(2)]
    assert mine == [200, 429]
    assert httpx.get(url, headers=_bearer(other)).status_code == 200
    assert httpx.get(f"{classify_server.base_url}/healthz").status_code == 200


def test_refused_keys_do_not_use_up_a_projects_limit(classify_server: ClassifyServer) -> None:
    classify_server.limits = RateLimits(requests_per_minute=1)
    url = f"{classify_server.base_url}/api/v2/classify"
    assert httpx.get(url, headers=_bearer("llx-wrong")).status_code == 401
    assert httpx.get(url, headers=_bearer(classify_server.api_key)).status_code == 200


def test_limits_of_an_unknown_name_are_refused(classify_server: ClassifyServer) -> None:
    with pytest.raises(InvalidOptionError, match="none, published, free"):
        classify_server.limits = "gold"


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
