"""The hosted service's rate limits, with its refusals."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Receive, Scope, Send

from classify_core.api.clock import Clock
from classify_core.limits import RateLimits
from classify_core.server.middleware.answers import answer
from classify_core.sliding_window import SlidingWindow

if TYPE_CHECKING:
    from classify_core.server.service import Service

_CREATES: Final = frozenset({("POST", "/api/v2/classify"), ("POST", "/api/v1/classifier/jobs")})
UPLOADS: Final = frozenset({("POST", "/api/v1/beta/files"), ("POST", "/api/v1/files")})


class RateLimiter:
    """Counts each project's requests against the limits. Usable from any thread.

    Only accepted requests count. The hosted service does not say whether refused ones do; if they did, a client that
    tries again at once would never be served.
    """

    def __init__(self, limits: RateLimits, clock: Clock | None = None) -> None:
        self._limits = limits
        self._clock = clock or Clock()
        self._windows: dict[tuple[str, str], SlidingWindow] = {}
        self._lock = threading.Lock()

    @property
    def limits(self) -> RateLimits:
        """What is accepted. Setting it begins to count anew."""
        return self._limits

    @limits.setter
    def limits(self, limits: RateLimits) -> None:
        with self._lock:
            self._limits = limits
            self._windows = {}

    def admit(self, project_id: str, method: str, path: str) -> str | None:
        """Counts a request, or returns the limit that it is beyond, in words."""
        with self._lock:
            now = self._clock.monotonic()
            windows = {
                told: self._windows.setdefault((project_id, told), SlidingWindow(limit, seconds))
                for told, limit, seconds in self._rates(method, path)
                if limit is not None
            }
            for told, window in windows.items():
                if window.free_at(now) > now:
                    return told
            for window in windows.values():
                window.count(now)
            return None

    def _rates(self, method: str, path: str) -> list[tuple[str, int | None, float]]:
        limits = self._limits
        rates: list[tuple[str, int | None, float]] = [("requests a minute", limits.requests_per_minute, 60.0)]
        if (method, path) in _CREATES:
            rates.append(("jobs created a second", limits.creates_per_second, 1.0))
        if (method, path) in UPLOADS:
            rates.append(("uploads in 5 seconds", limits.uploads_per_5_seconds, 5.0))
        return rates


class RateLimiting:
    """Answers 429 beyond the limits, without `Retry-After`, as the hosted service does."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._limiter = service.rate_limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        project = scope.get("state", {}).get("project")
        if scope["type"] == "http" and project is not None:
            beyond = self._limiter.admit(project.id, scope["method"], scope["path"])
            if beyond is not None:
                await answer(send, 429, f"Rate limit exceeded. Too many {beyond}; wait and try again")
                return
        await self._app(scope, receive, send)
