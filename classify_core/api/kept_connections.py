"""Connections that are kept for the next request, at a price that does not grow with their number.

httpcore's pool looks at all of its connections, and polls the idle ones, twice a request: with 16 of them that was
half of the time that a client of many documents took (`benchmarks/hosted.py`). Here each connection has a pool of its
own, and the one that was used last is used next.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cached_property, partial
from typing import NamedTuple
from urllib.request import getproxies

import httpx


class _Idle(NamedTuple):
    transport: httpx.AsyncHTTPTransport
    since: float


class KeptConnections(httpx.AsyncBaseTransport):
    """A transport for one service; used on one event loop.

    Args:
        scheme: of the service's address, `"https"` or `"http"`; an answer over the other one is never asked for.
        most: how many connections there are at most; a request beyond that waits for one.
        seconds: for which an idle one is kept.
        trust_env: whether `SSL_CERT_FILE` and its like are obeyed.
    """

    def __init__(self, scheme: str, *, most: int, seconds: float, trust_env: bool) -> None:
        self._scheme = scheme
        self._seconds = seconds
        self._trust_env = trust_env
        self._places = asyncio.Semaphore(most)
        self._limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=seconds)
        self._idle: list[_Idle] = []
        self._busy: set[httpx.AsyncHTTPTransport] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Sends one request; its connection is free again when the answer's body was read or closed."""
        if request.url.scheme != self._scheme:
            raise httpx.UnsupportedProtocol(f"these connections are for {self._scheme}", request=request)
        transport = await self._taken(request)
        try:
            response = await transport.handle_async_request(request)
        except BaseException:
            await self._ended(transport, is_whole=False)
            raise
        response.stream = _WatchedStream(response.stream, partial(self._ended, transport))
        return response

    async def aclose(self) -> None:
        """Closes all connections."""
        transports = [*self._busy, *(idle.transport for idle in self._idle)]
        self._idle.clear()
        self._busy.clear()
        for transport in transports:
            await transport.aclose()

    async def _taken(self, request: httpx.Request) -> httpx.AsyncHTTPTransport:
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("pool")):
                await self._places.acquire()
        except TimeoutError:
            raise httpx.PoolTimeout("no connection was free in time", request=request) from None
        try:
            transport = self._idle.pop().transport if self._idle else self._new()
        except BaseException:  # such as certificates that cannot be read
            self._places.release()
            raise
        self._busy.add(transport)
        return transport

    def _new(self) -> httpx.AsyncHTTPTransport:
        verify = self._context if self._scheme == "https" else False
        return httpx.AsyncHTTPTransport(verify=verify, limits=self._limits, trust_env=self._trust_env)

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Made once, since it reads all certificates, and only where there is TLS."""
        return httpx.create_ssl_context(trust_env=self._trust_env)

    async def _ended(self, transport: httpx.AsyncHTTPTransport, *, is_whole: bool) -> None:
        """Keeps a connection whose exchange went well to its end, and closes any other.

        httpcore may be left waiting for one that was cut off, and then each further request over it ends in a time-out.
        """
        self._places.release()
        is_kept = is_whole and transport in self._busy  # nothing is after the end
        self._busy.discard(transport)
        if is_kept:
            self._idle.append(_Idle(transport, time.monotonic()))
        else:
            await transport.aclose()
        while self._idle and self._idle[0].since < time.monotonic() - self._seconds:
            await self._idle.pop(0).transport.aclose()


class _WatchedStream(httpx.AsyncByteStream):
    """An answer's body that says when it is done with, and whether it was read to its end."""

    def __init__(
        self, stream: httpx.SyncByteStream | httpx.AsyncByteStream, ended: Callable[..., Awaitable[None]]
    ) -> None:
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError("an asynchronous transport answers with an asynchronous stream")
        self._stream = stream
        self._ended: Callable[..., Awaitable[None]] | None = ended
        self._is_whole = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part
        self._is_whole = True

    async def aclose(self) -> None:
        """Closes the body, which httpx does also after it was read to its end."""
        ended, self._ended = self._ended, None
        try:
            await self._stream.aclose()
        except BaseException:
            self._is_whole = False
            raise
        finally:
            if ended is not None:
                await ended(is_whole=self._is_whole)


def has_proxy() -> bool:
    """Whether the environment names a proxy, which httpx looks for only where it makes its transports itself."""
    return not {"http", "https", "all"}.isdisjoint(getproxies())
