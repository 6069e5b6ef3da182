"""The servers that the scenarios need, each with a project for every scenario."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from classify_core.server.options import LIMITS, ServerOptions
from classify_core.server.serving import RunningServer
from classify_core.server.simulation.durations import JobSeconds
from classify_core.server.simulation.faults import Faults
from tests.peers.catalogue import SERVICES_SCENARIOS, V1_SCENARIOS, V2_SCENARIOS
from tests.peers.scenario import ServerName

CREATE = "POST /api/v2/classify"
_LONG = JobSeconds(median=300.0)


def _faults(fault: str, **options: Any) -> Faults:
    faults = Faults()
    faults.request(CREATE, fault, times=1, **options)
    return faults


_OPTIONS: Mapping[ServerName, Callable[[], dict[str, Any]]] = {
    "plain": lambda: {"allow_private_webhooks": True, "workers": 2},
    "slow": lambda: {"job_seconds": _LONG, "concurrent_jobs": 1},
    # As published, but that one creation a second, so that a few meet the limit.
    "limited": lambda: {"limits": LIMITS["published"].model_copy(update={"creates_per_second": 1})},
    "failing": lambda: {"faults": _faults("error", status=503)},
    "losing": lambda: {"faults": _faults("lost")},
    "losing_unkeyed": lambda: {"faults": _faults("lost")},
}


@contextmanager
def running_servers(folder: Path) -> Iterator[dict[ServerName, RunningServer]]:
    """Every server, fresh, on a free port of loopback.

    Args:
        folder: an empty one, for what the servers keep.
    """
    with ExitStack() as stack:
        yield {name: stack.enter_context(RunningServer(_options(name, folder))) for name in _OPTIONS}


def _options(name: ServerName, folder: Path) -> ServerOptions:
    given = {"workers": 1, **_OPTIONS[name]()}
    return ServerOptions(data=folder / name, port=0, api_keys=_keys_of(name), **given)


def _keys_of(name: ServerName) -> tuple[SecretStr, ...]:
    every = (*V2_SCENARIOS, *V1_SCENARIOS, *SERVICES_SCENARIOS)
    scenarios = [scenario for scenario in every if scenario.server == name]
    keys = [key for scenario in scenarios for key in (scenario.api_key, scenario.other_api_key)]
    return tuple(SecretStr(key) for key in keys)
