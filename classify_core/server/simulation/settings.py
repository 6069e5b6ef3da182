"""What a running server can be told about its durations and its queue."""

from __future__ import annotations

from dataclasses import dataclass

from classify_core.server.simulation.durations import JobSeconds


@dataclass
class SimulationSettings:
    """How the hosted service is imitated; each value may be set while the server runs, and holds for later jobs.

    Attributes:
        job_seconds: how long jobs take at least; None is as long as they need.
        concurrent_jobs: of a project, that run at once; None is as the rate limits say.
        seed: of the durations.
    """

    job_seconds: JobSeconds | None = None
    concurrent_jobs: int | None = None
    seed: int = 0
