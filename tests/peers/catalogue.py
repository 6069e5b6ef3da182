"""Every scenario, by API."""

from __future__ import annotations

from tests.peers.scenario import Scenario
from tests.peers.v1 import jobs as v1_jobs
from tests.peers.v1 import services as v1_services
from tests.peers.v2 import configurations, faults, files, jobs, lists, refusals, waits, webhooks

_V2 = (files, jobs, lists, waits, refusals, configurations, webhooks, faults)

V2_SCENARIOS: tuple[Scenario, ...] = tuple(scenario for module in _V2 for scenario in module.scenario)
V1_SCENARIOS: tuple[Scenario, ...] = tuple(v1_jobs.scenario)
SERVICES_SCENARIOS: tuple[Scenario, ...] = tuple(v1_services.scenario)
