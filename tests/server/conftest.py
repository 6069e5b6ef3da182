from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

# pytest finds these itself where the project is installed as it stands; in an older installation they come from here.
from classify_core.testing.plugin import _classify_server_of_session, classify_server
from classify_core.testing.server import ClassifyServer
from tests.server.projects import client_of

__all__ = ["_classify_server_of_session", "classify_server", "client", "stranger"]


@pytest.fixture
def client(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    """A client of this test's own project."""
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        yield client


@pytest.fixture
def stranger(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    """A client of another project on the same server."""
    with client_of(classify_server.base_url, classify_server.another_key()) as client:
        yield client
