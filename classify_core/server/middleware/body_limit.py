"""Bodies that are too large, that never end, or that are larger than they look."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classify_core.server.middleware.answers import answer, header_values
from classify_core.server.middleware.rate_limiting import UPLOADS

if TYPE_CHECKING:
    from classify_core.server.service import Service

MAX_JSON_BYTES: Final = 1024 * 1024
"""More than 500 file IDs or a thousand rules need; all of it is checked in one go, while no other request is served."""
FORM_BYTES: Final = 1024 * 1024
SILENCE_SECONDS: Final = 30.0
LEAST_BYTES_PER_SECOND: Final = 500


class BodyLimit:
    """Answers 413 to a body that is too large, 408 to one that does not come, and 415 to one that is compressed.

    Args:
        app: what comes next.
        service: whose options say how large an upload may be.
        silence_seconds: without a byte, after which a body does not come. One that comes more slowly than
            `LEAST_BYTES_PER_SECOND` for longer than that does not either.
    """

    def __init__(self, app: ASGIApp, service: Service, silence_seconds: float = SILENCE_SECONDS) -> None:
        self._app = app
        self._max_upload_bytes = service.options.max_file_bytes + FORM_BYTES
        self._silence_seconds = silence_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._max_upload_bytes if (scope["method"], scope["path"]) in UPLOADS else MAX_JSON_BYTES
        if any(encoding.strip().lower() != "identity" for encoding in header_values(scope, "content-encoding")):
            await answer(send, 415, "Compressed bodies are not accepted; send it without Content-Encoding")
        elif any(int(length) > limit for length in header_values(scope, "content-length")):
            await answer(send, 413, _too_large(limit))
        else:
            await _Body(receive, send, limit, self._silence_seconds).pass_to(self._app, scope)


class _Body:
    """One request's body on its way to the routes: counted, timed, and ended with an answer where it goes too far."""

    def __init__(self, receive: Receive, send: Send, limit: int, silence_seconds: float) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._silence_seconds = silence_seconds
        self._begin = asyncio.get_running_loop().time()
        self._received = 0
        self._is_complete = False
        self._is_answered = False
        self._is_over = False

    async def pass_to(self, app: ASGIApp, scope: Scope) -> None:
        with suppress(ClientDisconnect):
            await app(scope, self._next, self._answer)

    async def _next(self) -> Message:
        if self._is_over:
            return {"type": "http.disconnect"}
        if self._is_complete:  # what is waited for now is the client's leaving, and that may take long
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = await self._receive()
        except TimeoutError:
            return await self._refuse(408, "The body did not arrive in time; send it again")
        if message["type"] == "http.disconnect":
            self._is_over = True
            return message
        self._received += len(message.get("body", b""))
        self._is_complete = not message.get("more_body", False)
        if self._received > self._limit:
            return await self._refuse(413, _too_large(self._limit))
        return message

    def _deadline(self) -> float:
        silent = asyncio.get_running_loop().time() + self._silence_seconds
        slow = self._begin + self._silence_seconds + self._received / LEAST_BYTES_PER_SECOND
        return min(silent, slow)

    async def _refuse(self, status: int, detail: str) -> Message:
        self._is_over = True
        if not self._is_answered:
            await answer(self._send, status, detail)
        return {"type": "http.disconnect"}

    async def _answer(self, message: Message) -> None:
        if not self._is_over:  # else what the routes make of the disconnect is for nobody
            self._is_answered = True
            await self._send(message)


def _too_large(limit: int) -> str:
    return f"The body is too large; at most {limit:,} bytes are accepted"
