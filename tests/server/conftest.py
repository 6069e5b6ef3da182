from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

# pytest finds these itself where the project is installed as it stands; in an older installation they come from here.
from classify_core.server import RunningServer
from classify_core.testing.plugin import _classify_server_of_session, classify_server
from classify_core.testing.server import ClassifyServer
from tests.server.projects import client_of

__all__ = ["_classify_server_of_session", "classify_server", "client", "hanging", "jobs_hang", "running", "stranger"]


@pytest.fixture
def client(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    """A client of this test's own project."""
    with client_of(classify_server.base_url, classify_server.api_key) as client:
        yield client


@pytest.fixture
def jobs_hang(classify_server: ClassifyServer) -> None:
    """Jobs stay open, unless a test says otherwise."""
    classify_server.faults.job("hang")


@pytest.fixture
def hanging(client: httpx.Client, jobs_hang: None) -> httpx.Client:
    """The same client, whose jobs stay open."""
    return client


@pytest.fixture
def running(_classify_server_of_session: RunningServer) -> RunningServer:
    """The server itself."""
    return _classify_server_of_session


@pytest.fixture
def stranger(classify_server: ClassifyServer) -> Iterator[httpx.Client]:
    """A client of another project on the same server."""
    with client_of(classify_server.base_url, classify_server.another_key()) as client:
        yield client
