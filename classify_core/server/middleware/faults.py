"""Requests that go wrong on purpose."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classify_core.server.connection import cut, reset
from classify_core.server.middleware.answers import answer
from classify_core.server.middleware.authentication import FREE_PATHS

if TYPE_CHECKING:
    from classify_core.server.service import Service
    from classify_core.server.simulation.faults import RequestFault

PIECES: Final = 20
DETAIL: Final = "Service unavailable (injected fault)"


class FaultInjection:
    """Spoils the requests that the faults choose; never those for health and documentation."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._faults = service.faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        fault = self._fault_of(scope)
        if fault is None:
            await self._app(scope, receive, send)
            return
        scope["state"]["record"].fault = fault.fault
        match fault.fault:
            case "error":
                await answer(send, fault.status or 503, fault.detail or DETAIL)
            case "reset":
                await reset(scope, receive)
            case "slow":
                await self._app(scope, receive, _trickling(send, fault.seconds))
            case "lost":
                await self._lose(fault, scope, receive, send)

    def _fault_of(self, scope: Scope) -> RequestFault | None:
        if scope["type"] != "http" or scope["path"] in FREE_PATHS:
            return None
        return self._faults.for_request(scope["method"], scope["path"])

    async def _lose(self, fault: RequestFault, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, _swallow)
        if fault.status is None:
            await cut(scope, receive)
        else:
            await answer(send, fault.status, fault.detail or DETAIL)


async def _swallow(_: Message) -> None:
    """Sends nothing."""


def _trickling(send: Send, seconds: float) -> Send:
    left = seconds

    async def send_slowly(message: Message) -> None:
        nonlocal left
        body = message.get("body", b"")
        if not body or not left:
            await send(message)
            return
        size = math.ceil(len(body) / PIECES)
        pieces = [body[begin : begin + size] for begin in range(0, len(body), size)]
        for piece in pieces:
            await asyncio.sleep(left / len(pieces))
            await send({"type": message["type"], "body": piece, "more_body": True})
        left = 0.0
        await send({**message, "body": b""})

    return send_slowly
