"""A server that listens: in the foreground until it is told to stop, or in a thread beside other work."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import uvicorn

from classify_core.errors import InvalidOptionError
from classify_core.server.app import create_app
from classify_core.server.connection import Connection
from classify_core.server.logs import configure_logging, log_event
from classify_core.server.options import ServerOptions
from classify_core.server.service import Service

T = TypeVar("T")

GRACE_SECONDS: Final = 10
KEEP_ALIVE_SECONDS: Final = 65
"""Longer than clients keep an idle connection: uvicorn's own 5 seconds are also the official SDK's, and a request sent
as its connection is closed is lost."""
BACKLOG: Final = 2048
MAX_HEAD_BYTES: Final = 128 * 1024
"""Of a request before its body, where it comes in pieces: a listing may ask for 2,000 jobs by their IDs."""


class Listener(uvicorn.Server):
    """The HTTP side of a service: accepts connections until `stop()`, then lets open requests finish."""

    def __init__(self, service: Service, on_started: Callable[[str], None]) -> None:
        super().__init__(_configured(service))
        self._service = service
        self._on_started = on_started

    async def run_service(self) -> None:
        """Starts the service, serves, and stops the service.

        Raises:
            InvalidOptionError: the address or the data folder is in use, or not usable.
        """
        options = self._service.options
        with _bound(options.host, options.port) as listening:
            try:
                await self._service.start()
                await self.serve(sockets=[listening])
            finally:
                await self._service.stop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to accept connections."""
        await super().startup(sockets)
        [listening, *_] = sockets or []
        self._on_started(_base_url(listening))

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals to `serve`: uvicorn would raise them again at its end, and the exit code would not be 0."""
        yield

    def stop(self) -> None:
        """Ends the serving soon; callable from any thread and from a signal's handler. Twice: without grace."""
        self.force_exit = self.should_exit
        self.should_exit = True


class RunningServer:
    """A server in a thread of its own, for as long as the `with` block lasts.

    Attributes:
        service: what its requests share.
    """

    def __init__(self, options: ServerOptions) -> None:
        self.service = Service(options)
        self._listener = Listener(self.service, self._started)
        self._thread = threading.Thread(target=self._run, name="classify-server", daemon=True)
        self._is_decided = threading.Event()
        self._error: BaseException | None = None
        self._base_url = ""
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def base_url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:8000`."""
        return self._base_url

    @property
    def api_key(self) -> str:
        """The first of its keys."""
        return self.service.keys.first_key.get_secret_value()

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_decided.wait()
        if self._error is not None:
            self._thread.join()
            raise self._error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._listener.stop()
        self._thread.join()
        if self._error is not None and error is None:
            raise self._error

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Has the server's event loop do something, and returns what it returns. Not for that loop's own thread."""
        assert self._loop is not None, "the server does not run"
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _started(self, base_url: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._base_url = base_url
        self._is_decided.set()

    def _run(self) -> None:
        try:
            asyncio.run(self._listener.run_service())
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error
        finally:
            self._is_decided.set()


def serve(options: ServerOptions, *, log_level: int = logging.INFO) -> None:
    """Serves until SIGINT or SIGTERM; then open requests are finished, and open jobs are left for the next start.

    Args:
        options: what the server is told.
        log_level: from which level of the logging module on the log is written.

    Raises:
        InvalidOptionError: the address or the data folder is in use, or not usable.
    """
    configure_logging(log_level)
    service = Service(options)
    listener = Listener(service, lambda base_url: _announce(service, base_url))
    handlers = {number: signal.signal(number, lambda *_: listener.stop()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        asyncio.run(listener.run_service())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    log_event("server.stopped")


def _announce(service: Service, base_url: str) -> None:
    line = f"The classify API is served at {base_url}"
    kept_in = service.keys.kept_in
    if kept_in is not None:
        line += f" with the API key {service.keys.first_key.get_secret_value()}, kept in {kept_in}"
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    log_event("server.started", address=base_url)


def _configured(service: Service) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(service),
        lifespan="off",  # the service is started before the first connection and stopped after the last
        http=Connection,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # any client could name another's address
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # With its protocol named: asyncio switches Nagle's delays off only where a socket says that it is TCP.
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unusable(host, port, error) from error
    with listening:
        try:
            if sys.platform != "win32":  # there it would let two servers share the port
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except OSError as error:
            raise _unusable(host, port, error) from error
        yield listening


def _unusable(host: str, port: int, error: OSError) -> InvalidOptionError:
    return InvalidOptionError(
        f"cannot listen on {host}, port {port}: {error.strerror or error}; choose others with --host and --port"
    )


def _base_url(listening: socket.socket) -> str:
    host, port, *_ = listening.getsockname()
    # What listens on every address is reached on loopback.
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"
