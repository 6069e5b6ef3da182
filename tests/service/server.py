"""The HTTP side: a threading server that records, authorises, answers, and misbehaves when told to."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.service.records import Action, Answer, Outcome, RefusedError, Request, Script
from tests.service.routes import find
from tests.service.store import Decide, Store, StoredFile, StoredJob, decide_by_type_in_text


class ClassifyService:
    """A loopback classify service; the package's docstring is its manual."""

    def __init__(
        self,
        *,
        decide: Decide = decide_by_type_in_text,
        looks_until_done: int = 1,
        seconds_until_done: float = 0.0,
        api_key: str = "llx-loopback-key-0123456789",
        project_id: str = "11111111-2222-3333-4444-555555555555",
    ) -> None:
        self.api_key = api_key
        self.requests: list[Request] = []
        self.connections = 0
        self.most_at_once = 0
        self._at_once = 0
        self._scripts: list[Script] = []
        self._store = Store(project_id, decide, looks_until_done, seconds_until_done)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def project_id(self) -> str:
        return self._store.project_id

    @property
    def jobs(self) -> dict[str, StoredJob]:
        return self._store.jobs

    @property
    def v1_jobs(self) -> dict[str, dict[str, Any]]:
        return self._store.v1_jobs

    @property
    def files(self) -> dict[str, StoredFile]:
        return self._store.files

    @property
    def configurations(self) -> dict[str, dict[str, Any]]:
        return self._store.configurations

    def add_file(self, name: str, content: bytes) -> str:
        with self._lock:
            return self._store.add_file(name, content, purpose="classify").id

    def add_parse_job(self, content: bytes) -> str:
        with self._lock:
            return self._store.add_file("parsed", content, prefix="pjb").id

    def outcome_for(
        self,
        document: str,
        *,
        status: str | None = None,
        error_message: str | None = None,
        looks_until_done: int | None = None,
        seconds_until_done: float | None = None,
        **result: Any,
    ) -> None:
        """Sets how jobs of a document go; further keywords (`type`, `confidence`, ...) are its result's fields."""
        outcome = Outcome(document, status, error_message, looks_until_done, seconds_until_done, result)
        with self._lock:
            self._store.outcomes.append(outcome)

    def fail_next(
        self,
        route: str,
        *,
        status: int | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        action: Action = "answer",
        work: bool | None = None,
        delay: float = 0.0,
        times: int = 1,
    ) -> None:
        """Changes the answers to the next requests of a route; the package's docstring tells how."""
        does_work = status is None if work is None else work
        script = Script(route, times, action, status, body, headers or {}, does_work, delay)
        with self._lock:
            self._scripts.append(script)

    def requests_to(self, route: str) -> list[Request]:
        pattern = Script(route, 1)
        return [request for request in self.requests if pattern.fits(request)]

    def receive(self, request: Request) -> tuple[Answer, Action]:
        """Records a request and does what it asks, unless a script says otherwise."""
        with self._lock:
            self.requests.append(request)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            script = self._next_script(request)
            answer = self._answer(request) if script.work else Answer(500, {"detail": "not done"})
        if script.delay > 0:
            self._closing.wait(script.delay)
        return script.change(answer), script.action

    def finished(self) -> None:
        with self._lock:
            self._at_once -= 1

    def connected(self) -> int:
        with self._lock:
            self.connections += 1
            return self.connections

    def _next_script(self, request: Request) -> Script:
        for script in self._scripts:
            if script.fits(request):
                script.times -= 1
                return script
        return Script("*", 1)

    def _answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.api_key}":
            return Answer(401, {"detail": "Invalid API key"})
        try:
            handler, identifier = find(request.route)
            return handler(self._store, request, unquote(identifier))
        except RefusedError as refused:
            return refused.answer
        except Exception:  # noqa: BLE001 - a fault of the service itself has to be seen by the test that met it
            return Answer(599, {"detail": traceback.format_exc()})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: ClassifyService) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self.open_sockets: set[socket] = set()

    def hang_up(self) -> None:
        for connection in list(self.open_sockets):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.number = self.server.service.connected()
        self.server.open_sockets.add(self.connection)

    def finish(self) -> None:
        self.server.open_sockets.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class says so
        """Keeps the test's output to the test."""

    def serve(self) -> None:
        request = self._read()
        try:
            answer, action = self.server.service.receive(request)
            self._send(answer, action)
        finally:
            self.server.service.finished()

    do_GET = do_POST = do_PUT = do_DELETE = serve  # noqa: N815 - the base class asks for these names

    def _read(self) -> Request:
        address = urlsplit(self.path)
        return Request(
            method=self.command,
            path=address.path,
            query=parse_qs(address.query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("content-length", "0"))),
            connection=self.number,
        )

    def _send(self, answer: Answer, action: Action) -> None:
        body = answer.raw
        if action == "cut":
            self._cut()
            return
        if action == "broken_json":
            body = body[: len(body) // 2]
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if action == "cut_half_way" else body)
        self.wfile.flush()
        if action == "cut_half_way":
            self._cut()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(SHUT_RDWR)
