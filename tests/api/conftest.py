"""The fixtures of the client's tests; each test that takes `api` runs against either face."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from classify_core.models import Rule
from tests.api.driver import RULES, Driver, StillClock
from tests.service import ClassifyService


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture(params=["sync", "async"])
def api(request: pytest.FixtureRequest, service: ClassifyService, clock: StillClock) -> Iterator[Driver]:
    driver = Driver(service, clock, request.param)
    yield driver
    driver.close()


@pytest.fixture
def rules() -> list[Rule]:
    return RULES
