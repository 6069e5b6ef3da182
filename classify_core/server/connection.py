"""A client's connection, and the ways to end it that HTTP has no words for."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Final

import h11
from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS: Final = 30.0
LINGER_SECONDS: Final = 2.0


class Connection(H11Protocol):
    """uvicorn's connection, which the middleware can reach, and which waits for no head and no body without end.

    Always h11, whatever else is installed: one HTTP parser on every machine, the one that is tested.
    """

    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        """Offers the connection to each of its requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Reads on; a request whose head does not become whole in time is never served."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
        else:
            self._end_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Ends the connection."""
        super().connection_lost(exc)
        self._end_waiting()

    def on_response_complete(self) -> None:
        """Bears a body that is still coming for a while, so that its sender reads the answer, then hangs up."""
        if self.conn.their_state is h11.SEND_BODY:
            self.loop.call_later(LINGER_SECONDS, self._hang_up, self.cycle)
        super().on_response_complete()

    def _hang_up(self, answered: object) -> None:
        if self.cycle is answered and self.conn.their_state is h11.SEND_BODY:
            self.transport.abort()

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _end_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


async def cut(scope: Scope, receive: Receive) -> None:
    """Ends a request's connection without an answer."""
    scope["state"]["transport"].abort()
    await _gone(receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Ends a request's connection as a crash does: its client sees ECONNRESET."""
    transport: asyncio.Transport = scope["state"]["transport"]
    connected: socket.socket = transport.get_extra_info("socket")
    # With no time to linger, what closes the connection is RST and not FIN.
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    # A request that ends before uvicorn knows that its connection did is an error to it.
    while (await receive())["type"] != "http.disconnect":
        pass
