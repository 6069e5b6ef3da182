"""A loopback webhook receiver that keeps what it is sent."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.peers.checks import Difference

_PATIENCE = 15.0


@dataclass(frozen=True)
class Received:
    """One delivery: header names in lower case, and the raw body, which is what is signed."""

    headers: dict[str, str]
    body: bytes

    @property
    def event_type(self) -> str:
        return self.headers.get("x-webhook-event-type", "")

    def is_signed_with(self, secret: str) -> bool:
        """Whether `LC-Signature` is the HMAC over the raw body, as the client's documentation says."""
        expected = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(self.headers.get("lc-signature", ""), f"sha256={expected}")


class Receiver:
    """Answers 200 to every POST."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self._server = _Server(self.received)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/events"

    def delivery_of(self, event_type: str) -> Received:
        """The first delivery of an event; the order of deliveries is not promised."""
        # A deadline against a hang: nothing is measured by it.
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            for delivery in list(self.received):
                if delivery.event_type == event_type:
                    return delivery
            time.sleep(0.02)
        found = [delivery.event_type for delivery in self.received]
        raise Difference(f"no {event_type} came within {_PATIENCE:.0f} s; what came: {found}")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, received: list[Received]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = received


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append(Received(headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
        """Keeps the report to the report."""
