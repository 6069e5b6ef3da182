from __future__ import annotations

import pytest

from tests.langchain.helpers import Recorder
from tests.langchain.postgres import postgres

__all__ = ["postgres"]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> str:
    """Which of the two faces of a component is called."""
    return str(request.param)
