"""The server that a test talks to."""

from __future__ import annotations

import secrets
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import SecretStr

from classify_core.limits import RateLimits
from classify_core.server.keys import KEY_PREFIX
from classify_core.server.middleware.request_log import RequestLog
from classify_core.server.options import NO_LIMITS, ServerOptions, limits_named
from classify_core.server.serving import RunningServer
from classify_core.server.simulation.durations import JobSeconds
from classify_core.server.simulation.faults import Faults
from classify_core.server.simulation.settings import SimulationSettings
from classify_core.server.store import projects
from classify_core.server.store.projects import Project

WORKERS: Final = 2


def options_for_tests(folder: Path) -> ServerOptions:
    """Any free port, few processes, and webhooks that reach a receiver on this machine."""
    return ServerOptions(data=folder, port=0, workers=WORKERS, allow_private_webhooks=True)


class ClassifyServer:
    """One test's use of a running server: a key of its own, and with it a project in which nothing is yet.

    Attributes:
        base_url: such as `http://127.0.0.1:40123`.
        api_key: of this test alone.
        project_id: that the key belongs to.
    """

    api_key: str
    project_id: str

    def __init__(self, running: RunningServer) -> None:
        self._running = running
        self._service = running.service
        self._projects: dict[str, Project] = {}
        self.base_url = running.base_url

    def __enter__(self) -> Self:
        self._reset()
        self.api_key = self.another_key()
        self.project_id = self._projects[self.api_key].id
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        for key, project in self._projects.items():
            self._service.keys.remove(SecretStr(key))
            self._running.call(self._abandon(project))
        self._reset()

    def another_key(self) -> str:
        """A key with a project of its own, for as long as the test lasts."""
        key = KEY_PREFIX + secrets.token_urlsafe(32)
        self._projects[key] = self._running.call(self._service.keys.add(SecretStr(key)))
        return key

    @property
    def requests(self) -> RequestLog:
        """The requests of this test so far: `len(...)`, `.count("POST /api/v2/classify")`, `.to("GET /api/*")`."""
        return self._service.requests

    @property
    def faults(self) -> Faults:
        """What goes wrong: `.request(...)`, `.job(...)`, `.webhook(...)`, `.clear()`."""
        return self._service.faults

    @property
    def limits(self) -> RateLimits:
        """The rate limits. Set `RateLimits(...)`, or by name: `"none"`, `"published"`, `"free"`."""
        return self._service.rate_limiter.limits

    @limits.setter
    def limits(self, limits: RateLimits | str) -> None:
        self._service.rate_limiter.limits = limits if isinstance(limits, RateLimits) else limits_named(limits)

    @property
    def job_seconds(self) -> JobSeconds | None:
        """How long jobs take at least. Set a median in seconds, `JobSeconds(median, sigma)`, or None."""
        return self._service.simulation.job_seconds

    @job_seconds.setter
    def job_seconds(self, seconds: JobSeconds | float | None) -> None:
        self._service.simulation.job_seconds = JobSeconds(seconds) if isinstance(seconds, (int, float)) else seconds

    @property
    def concurrent_jobs(self) -> int | None:
        """How many jobs run at once; more wait as PENDING. None is as the limits say."""
        return self._service.simulation.concurrent_jobs

    @concurrent_jobs.setter
    def concurrent_jobs(self, count: int | None) -> None:
        self._service.simulation.concurrent_jobs = count

    def environment(self) -> dict[str, str]:
        """The variables by which clients find the server: for `monkeypatch.setenv` or a child process."""
        return {"LLAMA_CLOUD_API_KEY": self.api_key, "LLAMA_CLOUD_BASE_URL": self.base_url}

    def __repr__(self) -> str:
        return f"ClassifyServer(base_url={self.base_url!r})"

    def _reset(self) -> None:
        self._service.rate_limiter.limits = NO_LIMITS
        self._service.faults.clear()
        self._service.faults.seed = 0
        self._service.requests.clear()
        self._service.keys.guesses.forget()
        vars(self._service.simulation).update(vars(SimulationSettings()))

    async def _abandon(self, project: Project) -> None:
        for job_id in await self._service.database.run(projects.abandon, project.id):
            self._service.runner.cancelled(job_id)
