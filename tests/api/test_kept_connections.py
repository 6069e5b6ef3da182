"""Connections are used again, bounded and given back, whatever becomes of the requests over them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Self

import httpx
import pytest
import pytest_asyncio

from classify_core.api.kept_connections import KeptConnections
from classify_core.api.transport import Requests

BODY = b"x" * 200_000  # more than comes in one piece


class LoopbackServer:
    """Answers as soon as it is let, and knows its connections."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.let.set()
        self.connections = 0
        self.open = 0
        self.served: list[int] = []
        self.hangs_up = False
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.let.set()
        self._server.close()
        await self.until(lambda: self.open == 0)

    async def until(self, holds: Any) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.002)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self.connections = self.connections + 1
        self.open += 1
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not self.hangs_up:
                await reader.readuntil(b"\r\n\r\n")
                self.served.append(number)
                if self.hangs_up:
                    break
                await self.let.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
                await writer.drain()
        self.open -= 1
        writer.close()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as server:
        yield server


def _kept(most: int = 4, seconds: float = 60.0, scheme: str = "http") -> KeptConnections:
    return KeptConnections(scheme, most=most, seconds=seconds, trust_env=False)


async def test_one_request_after_the_other_uses_one_connection(server: LoopbackServer) -> None:
    async with httpx.AsyncClient(transport=_kept()) as client:
        for _ in range(5):
            assert (await client.get(server.url)).content == BODY
    assert server.connections == 1


async def test_the_connection_that_was_used_last_is_used_next(server: LoopbackServer) -> None:
    async with httpx.AsyncClient(transport=_kept()) as client:
        await asyncio.gather(*(client.get(server.url) for _ in range(3)))
        server.served.clear()
        for _ in range(4):
            await client.get(server.url)
    assert server.connections == 3
    assert len(set(server.served)) == 1


async def test_a_request_beyond_the_most_waits_for_a_connection(server: LoopbackServer) -> None:
    server.let.clear()
    async with httpx.AsyncClient(transport=_kept(most=2)) as client:
        asked = [asyncio.create_task(client.get(server.url)) for _ in range(6)]
        await server.until(lambda: len(server.served) == 2)
        server.let.set()
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 6
    assert server.connections == 2


async def test_a_connection_that_is_not_free_in_time_is_a_pool_time_out_and_takes_no_place(
    server: LoopbackServer,
) -> None:
    server.let.clear()
    async with httpx.AsyncClient(transport=_kept(most=1)) as client:
        first = asyncio.create_task(client.get(server.url))
        await server.until(lambda: server.served)
        for _ in range(3):
            with pytest.raises(httpx.PoolTimeout):
                await client.get(server.url, timeout=httpx.Timeout(20.0, pool=0.01))
        server.let.set()
        assert (await first).status_code == (await client.get(server.url)).status_code == 200
    assert server.connections == 1


async def test_a_request_that_failed_gives_its_place_back(server: LoopbackServer) -> None:
    server.hangs_up = True
    async with httpx.AsyncClient(transport=_kept(most=1), timeout=20.0) as client:
        for _ in range(3):
            with pytest.raises(httpx.TransportError):
                await client.get(server.url)
        server.hangs_up = False
        assert (await client.get(server.url)).status_code == 200


@pytest.mark.parametrize("steps", range(1, 40))
async def test_a_request_that_is_cancelled_at_any_moment_harms_none_after_it(
    server: LoopbackServer, steps: int
) -> None:
    connections = _kept(most=1)
    async with httpx.AsyncClient(transport=connections, timeout=2.0) as client:
        cancelled = asyncio.create_task(client.get(server.url))
        for _ in range(steps):
            await asyncio.sleep(0)
        cancelled.cancel()
        with suppress(asyncio.CancelledError):
            await cancelled
        assert (await client.get(server.url)).content == BODY
        await server.until(lambda: server.open == 1)  # the one that was cut off is closed
    assert server.connections <= 2


async def test_a_body_that_was_not_read_to_its_end_ends_its_connection(server: LoopbackServer) -> None:
    async with httpx.AsyncClient(transport=_kept(most=1), timeout=20.0) as client:
        async with client.stream("GET", server.url) as answer:
            assert answer.status_code == 200
        assert (await client.get(server.url)).content == BODY
    assert server.connections == 2


async def test_connections_that_were_idle_for_long_are_closed_after_a_request(server: LoopbackServer) -> None:
    async with httpx.AsyncClient(transport=_kept(seconds=0.01)) as client:
        await asyncio.gather(*(client.get(server.url) for _ in range(4)))
        await asyncio.sleep(0.02)
        await client.get(server.url)
        await server.until(lambda: server.open <= 1)


async def test_closing_closes_what_is_idle_and_what_is_busy(server: LoopbackServer) -> None:
    client = httpx.AsyncClient(transport=_kept(), timeout=20.0)
    await asyncio.gather(*(client.get(server.url) for _ in range(3)))
    server.let.clear()
    busy = asyncio.create_task(client.get(server.url))
    await server.until(lambda: len(server.served) == 4)
    await client.aclose()
    server.let.set()
    await asyncio.gather(busy, return_exceptions=True)
    await server.until(lambda: server.open == 0)


async def _refused(connections: KeptConnections, url: str) -> None:
    async with httpx.AsyncClient(transport=connections) as client:
        answers = await asyncio.gather(*(client.get(url) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [httpx.ConnectError] * 3


async def test_certificates_are_read_once_and_only_for_tls(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[ssl.SSLContext] = []
    make = httpx.create_ssl_context
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **options: made.append(make(**options)) or made[-1])
    async with httpx.AsyncClient(transport=_kept()) as client:
        await client.get(server.url)
    assert made == []
    await _refused(_kept(scheme="https"), "https://127.0.0.1:9/")
    assert len(made) == 1


async def test_certificates_that_cannot_be_read_take_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(**_: Any) -> Any:
        raise FileNotFoundError

    monkeypatch.setattr(httpx, "create_ssl_context", unreadable)
    async with httpx.AsyncClient(transport=_kept(most=1, scheme="https"), timeout=2.0) as client:
        for _ in range(3):
            with pytest.raises(FileNotFoundError):
                await client.get("https://127.0.0.1:9/")


async def test_connections_are_for_one_scheme(server: LoopbackServer) -> None:
    async with httpx.AsyncClient(transport=_kept(scheme="https")) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.get(server.url)
    assert server.connections == 0


@pytest.mark.parametrize(
    ("variable", "base_url", "is_ours"),
    [
        (None, "https://classify.example.com", True),
        ("HTTPS_PROXY", "https://classify.example.com", False),
        ("ALL_PROXY", "https://classify.example.com", False),
        ("HTTPS_PROXY", "http://127.0.0.1:8000", True),
        ("NO_PROXY", "https://classify.example.com", True),
    ],
)
def test_a_proxy_of_the_environment_is_left_to_httpx_itself(
    variable: str | None, base_url: str, *, is_ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    requests = Requests(base_url, project_id=None, organization_id=None, timeout=None)
    assert isinstance(requests.options_of_own_async_client().get("transport"), KeptConnections) is is_ours
