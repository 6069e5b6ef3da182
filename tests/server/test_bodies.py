from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from classify_core.server import connection
from classify_core.server.middleware import body_limit
from classify_core.server.middleware.body_limit import FORM_BYTES, LEAST_BYTES_PER_SECOND, MAX_JSON_BYTES, BodyLimit
from classify_core.server.options import ServerOptions
from classify_core.server.service import Service
from classify_core.testing.server import ClassifyServer
from tests.server.projects import KEYS, own_server
from tests.server.wire import answer_on, head, is_hung_up, wire_to

JOBS = "/api/v2/classify"
FILES = "/api/v1/beta/files"


@pytest.fixture
def quick_to_hang_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.2)


def _bearer(server: ClassifyServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.api_key}"}


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(classify_server: ClassifyServer) -> None:
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("POST", JOBS, classify_server.api_key, f"Content-Length: {MAX_JSON_BYTES + 1}"))
        status, body = answer_on(wire)
    assert status == 413
    assert b"1,048,576 bytes" in body


def test_a_proper_client_that_sends_too_much_reads_the_refusal(classify_server: ClassifyServer) -> None:
    body = b"x" * (MAX_JSON_BYTES * 4)
    answered = httpx.post(classify_server.base_url + JOBS, content=body, headers=_bearer(classify_server))
    assert answered.status_code == 413
    assert answered.json()["detail"].startswith("The body is too large")


def test_an_endless_body_is_refused_and_its_connection_ends(
    classify_server: ClassifyServer, quick_to_hang_up: None
) -> None:
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("POST", JOBS, classify_server.api_key, "Transfer-Encoding: chunked"))
        for _ in range(MAX_JSON_BYTES // 0x10000 + 2):
            wire.sendall(piece)
        assert answer_on(wire)[0] == 413
        with pytest.raises(ConnectionError):
            while True:
                wire.sendall(piece)


def test_a_body_that_nobody_waits_for_ends_its_connection(
    classify_server: ClassifyServer, quick_to_hang_up: None
) -> None:
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("POST", JOBS, "llx-wrong", "Content-Length: 100000000") + b"{")
        assert answer_on(wire)[0] == 401
        assert is_hung_up(wire)


@pytest.mark.parametrize("begun", [b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Endless: "])
def test_a_request_whose_head_does_not_come_ends_its_connection(
    classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(begun)
        assert is_hung_up(wire)


def test_a_head_in_pieces_is_read_and_its_work_may_take_longer_than_a_head(
    classify_server: ClassifyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    classify_server.faults.request(JOBS, "slow", seconds=0.5)
    whole = head("GET", JOBS, classify_server.api_key)
    with wire_to(classify_server.base_url) as wire:
        for begin in range(0, len(whole), 20):
            wire.sendall(whole[begin : begin + 20])
        assert answer_on(wire)[0] == 200


def test_a_connection_whose_refused_body_came_is_used_again(classify_server: ClassifyServer) -> None:
    with wire_to(classify_server.base_url) as wire:
        wire.sendall(head("POST", JOBS, "llx-wrong", "Content-Length: 2") + b"{}")
        assert answer_on(wire)[0] == 401
        wire.sendall(head("GET", JOBS, classify_server.api_key))
        assert answer_on(wire)[0] == 200


def test_a_large_upload_is_refused_before_it_is_sent_and_one_of_the_largest_size_is_taken(tmp_path: Path) -> None:
    largest = MAX_JSON_BYTES + 1  # uploads have a limit of their own
    with own_server(tmp_path, max_file_bytes=largest) as running:
        with wire_to(running.base_url) as wire:
            wire.sendall(head("POST", FILES, KEYS[0], f"Content-Length: {largest + FORM_BYTES + 1}"))
            assert answer_on(wire)[0] == 413
        answered = httpx.post(
            running.base_url + FILES,
            files={"file": ("a.txt", b"x" * largest)},
            data={"purpose": "classify"},
            headers={"Authorization": f"Bearer {KEYS[0]}"},
        )
        assert answered.is_success


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "x-unknown"])
def test_a_compressed_body_is_refused(classify_server: ClassifyServer, encoding: str) -> None:
    headers = _bearer(classify_server) | {"Content-Encoding": encoding}
    assert httpx.post(classify_server.base_url + JOBS, content=b"x", headers=headers).status_code == 415


def test_a_body_that_says_it_is_not_compressed_is_read(classify_server: ClassifyServer) -> None:
    headers = _bearer(classify_server) | {"Content-Encoding": "identity"}
    assert httpx.post(classify_server.base_url + JOBS, json={}, headers=headers).status_code == 422


async def _answered(
    tmp_path: Path, body: AsyncIterator[bytes], *, silence_seconds: float, scope: dict[str, Any] | None = None
) -> tuple[int, int]:
    """The status, and the bytes that the route received, of a body that comes as the iterator does."""
    sent: list[Message] = []
    received = 0

    async def receive() -> Message:
        try:
            return {"type": "http.request", "body": await anext(body), "more_body": True}
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal received
        async for piece in Request(scope, receive).stream():
            received += len(piece)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    limit = BodyLimit(route, Service(ServerOptions(data=tmp_path)), silence_seconds)
    request = {"type": "http", "method": "POST", "path": JOBS, "headers": []}
    await limit(request | (scope or {}), receive, send)
    return sent[0]["status"], received


async def test_a_body_that_stops_coming_is_refused(tmp_path: Path) -> None:
    async def stalls() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    assert await _answered(tmp_path, stalls(), silence_seconds=0.05) == (408, 1)


async def test_a_body_that_trickles_for_ever_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_limit, "LEAST_BYTES_PER_SECOND", 1000)

    async def trickles() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.02)
            yield b" "

    status, received = await _answered(tmp_path, trickles(), silence_seconds=0.3)
    assert status == 408
    assert received > 1  # it was never silent for that long


async def test_a_slow_body_that_keeps_the_least_rate_is_read(tmp_path: Path) -> None:
    async def comes() -> AsyncIterator[bytes]:
        for _ in range(20):
            await asyncio.sleep(0.02)
            yield b" " * LEAST_BYTES_PER_SECOND

    assert await _answered(tmp_path, comes(), silence_seconds=0.3) == (200, 20 * LEAST_BYTES_PER_SECOND)


async def test_no_byte_beyond_the_limit_reaches_a_route(tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    assert await _answered(tmp_path, endless(), silence_seconds=5.0) == (413, MAX_JSON_BYTES)


async def test_a_body_of_the_largest_size_is_read(tmp_path: Path) -> None:
    async def exact() -> AsyncIterator[bytes]:
        yield b"x" * MAX_JSON_BYTES

    assert await _answered(tmp_path, exact(), silence_seconds=5.0) == (200, MAX_JSON_BYTES)
