"""Sends requests when the limits admit them, so that none has to be refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final, TypeVar

import httpx
from pydantic import SecretStr

from classify_core.api import AsyncClassifyClient
from classify_core.api.client import as_deadline
from classify_core.api.clock import Clock
from classify_core.api.drivers import Operation
from classify_core.api.failures import is_plan_limit, read_detail
from classify_core.api.flow import Send
from classify_core.api.retry import read_retry_after
from classify_core.deadline import Deadline
from classify_core.hosted.lanes import OnWait
from classify_core.hosted.pacer import shared_pacer
from classify_core.limits import RateLimits

T = TypeVar("T")

_TOO_MANY_REQUESTS: Final = 429


class PacedClient(AsyncClassifyClient):
    """A client that holds each request back until the limits admit it, retries and looks included.

    Attributes:
        account: tells those of equal key, address, project and organization, and none of these.
        pacer: shared by all clients of a key and an address in this process.
    """

    def __init__(self, *, limits: RateLimits, clock: Clock, **options: Any) -> None:
        super().__init__(**options, _clock=clock)
        user = self.base_url, self._found_key().get_secret_value()
        self.account = _digest(*user, self.project_id, self._options["organization_id"])
        self.pacer = shared_pacer(_digest(*user), limits, clock)

    async def run(
        self,
        operation: Operation[T],
        *,
        deadline: Deadline | float | None = None,
        on_wait: OnWait | None = None,
    ) -> T:
        """Does what a description says, each attempt when the limits admit it.

        Args:
            operation: a call or a wait; a wait's own time-out is not put off, only `deadline` is.
            deadline: ends attempts and pauses. What was waited for the limits does not count: it is put off by that,
                up to its `latest`.
            on_wait: told the seconds to wait for the limits where they are noticeable, at most once a second.

        Raises:
            ClassifyTimeoutError: the deadline came first, or the limits admit a request only after its `latest`.
            ClassifyError: any other failure, each with its own class.
        """
        moment = as_deadline(deadline)

        async def send(step: Send, key: SecretStr) -> httpx.Response:
            return await self._send_paced(step, key, moment, on_wait)

        return await self._run_with(send, operation, moment)

    async def _send_paced(
        self, step: Send, key: SecretStr, deadline: Deadline | None, on_wait: OnWait | None
    ) -> httpx.Response:
        latest = None if deadline is None else deadline.latest
        sent, waited = await self.pacer.admit(step.call, latest=latest, on_wait=on_wait)
        if deadline is not None:
            deadline.put_off(waited)
        try:
            response = await self._send(_ending_by(latest, step, sent), key)
        finally:
            self.pacer.answered(step.call, sent)
        self._take_note(response, sent)
        return response

    def _take_note(self, response: httpx.Response, sent: float) -> None:
        if response.status_code != _TOO_MANY_REQUESTS:
            self.pacer.accepted(sent)
        elif not is_plan_limit(read_detail(response)):  # that one stops the run, and slowing down does not help it
            self.pacer.refused(sent, read_retry_after(response.headers.get("retry-after"), self._clock.now()))


def _digest(*parts: str | None) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _ending_by(latest: float | None, step: Send, now: float) -> Send:
    """The step with its time-outs cut at `latest`; those were as long as the deadline, which could be put off less."""
    if latest is None or step.seconds is None:
        return step
    return replace(step, seconds=min(step.seconds, latest - now))
