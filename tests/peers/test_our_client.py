"""Our own clients pass the scenarios that the official ones pass; `make test-peers` runs those."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.peers.bridge import Face
from tests.peers.catalogue import V1_SCENARIOS, V2_SCENARIOS
from tests.peers.our_peer import OurPeer, OurPeerV1
from tests.peers.playing import Servers, connection_for, play
from tests.peers.scenario import Scenario
from tests.peers.servers import running_servers

OURS = [scenario for scenario in V2_SCENARIOS if not scenario.official_only]


@pytest.fixture(scope="module", params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    return request.param


@pytest.fixture(scope="module")
def servers(face: Face, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Fresh ones for each face, since the scenarios fill projects and use faults up."""
    with running_servers(tmp_path_factory.mktemp(f"servers-{face}")) as running:
        yield {name: server.base_url for name, server in running.items()}


@pytest.mark.parametrize("scenario", OURS, ids=lambda scenario: scenario.name)
def test_our_client_passes(scenario: Scenario, face: Face, servers: Servers) -> None:
    with closing(OurPeer(connection_for(scenario, servers), face)) as peer:
        play(scenario, peer)


@pytest.mark.parametrize("scenario", V1_SCENARIOS, ids=lambda scenario: scenario.name)
def test_our_client_passes_in_v1(scenario: Scenario, face: Face, servers: Servers) -> None:
    with closing(OurPeerV1(connection_for(scenario, servers), face)) as peer:
        play(scenario, peer)
