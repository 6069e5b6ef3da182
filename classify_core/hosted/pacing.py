"""Keeps the published rate limits by waiting before a request, so that none has to be refused."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import Any, Final
from weakref import WeakValueDictionary

import httpx
from pydantic import SecretStr

from classify_core.api import AsyncClassifyClient
from classify_core.api.call import Call
from classify_core.api.calls_files import FILES
from classify_core.api.calls_jobs import JOBS
from classify_core.api.clock import Clock
from classify_core.api.flow import Send, TooLateError
from classify_core.limits import RateLimits
from classify_core.sliding_window import SlidingWindow

# The service counts arrivals, and requests do not take equally long to arrive.
MARGIN_SECONDS: Final = 0.05


class Pacer:
    """Delays requests so that each published limit is kept; used on one event loop."""

    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self._clock = clock
        self._every_request = _windows(limits.requests_per_minute, 60.0)
        self._by_call: dict[str, list[SlidingWindow]] = {
            f"POST {JOBS}": _windows(limits.creates_per_second, 1.0),
            f"POST {FILES}": _windows(limits.uploads_per_5_seconds, 5.0),
        }

    async def admit(self, call: Call[Any], seconds: float | None = None) -> float:
        """Waits until the request may be sent, counts it, and returns the seconds it waited.

        A place is taken only by a request that is sent: one that gives up or is cancelled leaves none behind.

        Raises:
            TooLateError: it would be sent only after `seconds`.
        """
        windows = self._by_call.get(call.name, []) + self._every_request
        begin = now = self._clock.monotonic()
        while (free := max([now, *(window.free_at(now) for window in windows)])) > now:
            if seconds is not None and free - begin >= seconds:
                raise TooLateError(f"the rate limits admit the request only in {free - now:.0f} s")
            await self._clock.asleep(free - now)
            now = self._clock.monotonic()
        for window in windows:
            window.count(now)
        return now - begin


_lock = threading.Lock()
_pacers: WeakValueDictionary[tuple[object, ...], Pacer] = WeakValueDictionary()


def shared_pacer(account: str, limits: RateLimits, clock: Clock) -> Pacer:
    """The one pacer of an account in this process: the service counts all of its requests together."""
    rates = limits.model_copy(update={"concurrent_jobs": None})  # those are counted elsewhere
    key = (account, rates, clock if type(clock) is not Clock else None)
    with _lock:
        pacer = _pacers.get(key)
        if pacer is None:
            pacer = _pacers[key] = Pacer(rates, clock)
        return pacer


class PacedClient(AsyncClassifyClient):
    """A client that holds each request back until the limits admit it, retries and looks included."""

    def __init__(self, *, limits: RateLimits, clock: Clock, **options: Any) -> None:
        super().__init__(**options, _clock=clock)
        account = f"{self.base_url} {self._found_key().get_secret_value()}"
        self._pacer = shared_pacer(hashlib.sha256(account.encode()).hexdigest(), limits, clock)

    async def _send(self, step: Send, key: SecretStr) -> httpx.Response:
        waited = await self._pacer.admit(step.call, step.seconds)
        seconds = None if step.seconds is None else step.seconds - waited
        return await super()._send(replace(step, seconds=seconds), key)


def _windows(limit: int | None, seconds: float) -> list[SlidingWindow]:
    return [] if limit is None else [SlidingWindow(limit, seconds + MARGIN_SECONDS)]
