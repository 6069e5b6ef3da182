"""Plays scenarios with a client, one line each."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import NoReturn

from tests.peers.checks import Difference
from tests.peers.face import Connection, Peer
from tests.peers.scenario import Scenario

_STEPS = {Path(__file__).parent / folder for folder in ("v1", "v2")}

Servers = dict[str, str]
"""The address of each server by its name."""

MakePeer = Callable[[Connection], Peer]


def connection_for(scenario: Scenario, servers: Servers) -> Connection:
    """Where a scenario's client is to go."""
    return Connection(servers[scenario.server], scenario.api_key, scenario.other_api_key)


def play(scenario: Scenario, peer: Peer) -> None:
    """Plays one scenario.

    Raises:
        Difference: the client met something else than it should; also an answer that it accepted, but that is not
            what its own models say.
    """
    scenario.play(peer)
    if peer.problems:
        raise Difference("; ".join(peer.problems))


def play_all(scenarios: Iterable[Scenario], servers: Servers, make_peer: MakePeer) -> int:
    """Plays all, tells each outcome in a line, and returns how many ended at a difference."""
    failed = 0
    for scenario in scenarios:
        with closing(make_peer(connection_for(scenario, servers))) as peer:
            try:
                play(scenario, peer)
            except Exception as error:  # noqa: BLE001 - whatever a client raises is told, and the next scenario played
                failed += 1
                tell(f"FAILED  {peer.name}: {scenario.name}\n{_readable(error)}")
            else:
                tell(f"ok      {peer.name}: {scenario.name}")
    return failed


def read_servers(path: str) -> Servers:
    """The servers that `run.py` started."""
    servers: Servers = json.loads(Path(path).read_text(encoding="utf-8"))
    return servers


def finish(failed: int) -> NoReturn:
    """Ends an official client's program: with 1 where a scenario failed, or where this project came into play."""
    imported = "classify_core" in sys.modules
    if imported:
        tell("FAILED  this project was imported beside the official client")
    sys.exit(1 if failed or imported else 0)


def tell(line: str) -> None:
    """Reports at once, so that a reader sees how far a program is."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _readable(error: Exception) -> str:
    """The difference and the step of the scenario that met it."""
    steps = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent in _STEPS]
    where = "".join(f" ({Path(step.filename).name}:{step.lineno})" for step in steps[-1:])
    kind = "" if isinstance(error, Difference) else f"{type(error).__name__}: "
    return f"        {kind}{error}{where}"
