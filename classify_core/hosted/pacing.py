"""Keeps the published rate limits by waiting before a request, so that none has to be refused."""

from __future__ import annotations

import hashlib
from collections import deque
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
from classify_core.api.flow import Send
from classify_core.limits import RateLimits

# The service counts arrivals, and requests do not take equally long to arrive.
MARGIN_SECONDS: Final = 0.05


class SlidingWindow:
    """Lets at most `limit` requests begin in any span of `seconds`."""

    def __init__(self, limit: int, seconds: float) -> None:
        self._seconds = seconds + MARGIN_SECONDS
        self._moments: deque[float] = deque(maxlen=limit)

    def reserve(self, moment: float) -> float:
        """Books the first free moment at or after `moment`; first come, first served."""
        if len(self._moments) == self._moments.maxlen:
            moment = max(moment, self._moments[0] + self._seconds)
        if self._moments:
            moment = max(moment, self._moments[-1])
        self._moments.append(moment)
        return moment


class Pacer:
    """Delays requests so that each published limit is kept; used on one event loop."""

    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self._clock = clock
        self._every_request = _windows(limits.requests_per_minute, 60.0)
        self._by_call: dict[str, list[SlidingWindow]] = {
            f"POST {JOBS}": _windows(limits.creates_per_second, 1.0),
            f"POST {FILES}": _windows(limits.uploads_per_5_seconds, 5.0),
        }

    def pause_for(self, call: Call[Any]) -> float:
        """Books a place for the request and returns the seconds until then."""
        now = moment = self._clock.monotonic()
        for window in self._by_call.get(call.name, []) + self._every_request:
            moment = window.reserve(moment)
        return moment - now


_pacers: WeakValueDictionary[tuple[object, ...], Pacer] = WeakValueDictionary()


def shared_pacer(account: str, limits: RateLimits, clock: Clock) -> Pacer:
    """The one pacer of an account in this process: the service counts all of its requests together."""
    key = (account, limits, clock if type(clock) is not Clock else None)
    pacer = _pacers.get(key)
    if pacer is None:
        pacer = _pacers[key] = Pacer(limits, clock)
    return pacer


class PacedClient(AsyncClassifyClient):
    """A client that holds each request back until the limits admit it, retries and looks included."""

    def __init__(self, *, limits: RateLimits, clock: Clock, **options: Any) -> None:
        super().__init__(**options, _clock=clock)
        account = f"{self.base_url} {self._found_key().get_secret_value()}"
        self._pacer = shared_pacer(hashlib.sha256(account.encode()).hexdigest(), limits, clock)

    async def _send(self, step: Send, key: SecretStr) -> httpx.Response:
        pause = self._pacer.pause_for(step.call)
        if step.seconds is not None and pause >= step.seconds:
            raise httpx.PoolTimeout(f"the rate limits admit the request in {pause:.0f} s, which is too late")
        await self._clock.asleep(pause)
        seconds = None if step.seconds is None else step.seconds - pause
        return await super()._send(replace(step, seconds=seconds), key)


def _windows(limit: int | None, seconds: float) -> list[SlidingWindow]:
    return [] if limit is None else [SlidingWindow(limit, seconds)]
