"""A client that speaks HTTP by hand, for what a proper one never sends."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

PATIENCE_SECONDS = 20.0


@contextmanager
def wire_to(base_url: str) -> Iterator[socket.socket]:
    """A connection; waiting on it for long is a failure."""
    address = urlsplit(base_url)
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE_SECONDS) as wire:
        yield wire


def head(method: str, path: str, key: str, *headers: str) -> bytes:
    """A request up to its body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {key}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def answer_on(wire: socket.socket) -> tuple[int, bytes]:
    """The next answer's status and body, which has a content length."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += _some(wire)
    top, _, body = received.partition(b"\r\n\r\n")
    [length] = [int(line[15:]) for line in top.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while len(body) < length:
        body += _some(wire)
    return int(top.split()[1]), body


def is_hung_up(wire: socket.socket) -> bool:
    """Waits until the other side closes the connection, by FIN or RST."""
    try:
        while wire.recv(65536):
            pass
    except ConnectionResetError:
        pass
    return True


def _some(wire: socket.socket) -> bytes:
    received = wire.recv(65536)
    assert received, "the connection ended before the answer"
    return received
