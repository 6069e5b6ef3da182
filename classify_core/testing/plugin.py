"""The pytest plugin: the fixture `classify_server`.

pytest imports this at each start, so nothing else is imported before a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from classify_core.server import RunningServer
    from classify_core.testing.server import ClassifyServer


@pytest.fixture(scope="session")
def _classify_server_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    from classify_core.server import RunningServer  # noqa: PLC0415 - see above
    from classify_core.testing.server import options_for_tests  # noqa: PLC0415 - see above

    with RunningServer(options_for_tests(tmp_path_factory.mktemp("classify-server"))) as running:
        yield running


@pytest.fixture
def classify_server(_classify_server_of_session: RunningServer) -> Iterator[ClassifyServer]:
    """A server of the classify API on loopback, with a key and a project of this test's own.

    It has no limits and no faults until the test sets them; see `classify_core.testing.server.ClassifyServer`.
    """
    from classify_core.testing.server import ClassifyServer  # noqa: PLC0415 - see above

    with ClassifyServer(_classify_server_of_session) as server:
        yield server
