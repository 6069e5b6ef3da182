"""Sends requests with httpx: over connections that are kept, with the key added to each request alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, suppress
from functools import lru_cache
from typing import Any
from weakref import WeakKeyDictionary, finalize

import httpx
from pydantic import SecretStr

from classify_core.api.call import Call
from classify_core.api.connection import is_loopback
from classify_core.api.flow import Send
from classify_core.api.forking import leave_connections_at_fork
from classify_core.api.kept_connections import KeptConnections, has_proxy
from classify_core.errors import InvalidOptionError

DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
KEEPALIVE_SECONDS = 4.0
"""Below the 5 seconds after which common servers (uvicorn, Node.js) close an idle connection: a request that is sent as
that happens is lost, and an upload that has to be sent again takes a second place in its rate limit."""
MAX_CONNECTIONS = 100
LIMITS = httpx.Limits(
    max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS
)
USER_AGENT = "classify-adapters"


class KeyAuth(httpx.Auth):
    """Adds the key to one request as it is sent, so that no client keeps it."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sets the header."""
        request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        yield request


class Requests:
    """Makes requests of calls; the part of a transport that both faces share."""

    def __init__(
        self, base_url: str, *, project_id: str | None, organization_id: str | None, timeout: httpx.Timeout | None
    ) -> None:
        self.base_url = base_url
        self.timeout = timeout
        self._everywhere = {"organization_id": organization_id, "project_id": project_id}

    def options_of_own_client(self) -> dict[str, Any]:
        """What a client of our own is made with: a proxy variable must not catch a local server."""
        return {"limits": LIMITS, "timeout": DEFAULT_TIMEOUT, "trust_env": self._trusts_env}

    def options_of_own_async_client(self) -> dict[str, Any]:
        """The same for event loops, with connections that stay cheap in large numbers; a proxy has to do without."""
        options = self.options_of_own_client()
        if self._trusts_env and has_proxy():
            return options
        connections = KeptConnections(
            httpx.URL(self.base_url).scheme,
            most=MAX_CONNECTIONS,
            seconds=KEEPALIVE_SECONDS,
            trust_env=self._trusts_env,
        )
        return options | {"transport": connections}

    @property
    def _trusts_env(self) -> bool:
        return not is_loopback(self.base_url)

    def make(self, client: httpx.Client | httpx.AsyncClient, step: Send, body: Any, headers: Any) -> httpx.Request:
        """Returns the request of a step; `body` streams an upload."""
        call = step.call
        content = {"json": call.json} if body is None else {"content": body}
        return client.build_request(
            call.method,
            _url(self.base_url + call.path),
            params=self._params(call) or None,  # an empty dictionary costs another parsing of the address
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})},
            timeout=limited(self.timeout or client.timeout, step.seconds),
            **content,
        )

    def _params(self, call: Call[Any]) -> dict[str, Any]:
        return {name: value for name, value in {**call.params, **self._everywhere}.items() if value is not None}


@lru_cache(maxsize=64)
def _url(address: str) -> httpx.URL:
    """An address, parsed; most requests go to a few of them."""
    return httpx.URL(address)


def limited(timeout: httpx.Timeout, seconds: float | None) -> httpx.Timeout:
    """Returns the time-outs with none longer than so many seconds."""
    if seconds is None:
        return timeout
    return httpx.Timeout(**{name: seconds if t is None else min(t, seconds) for name, t in timeout.as_dict().items()})


def drop_headers(fault: httpx.RequestError, request: httpx.Request) -> None:
    """Takes the request's headers, the key among them, out of a fault that will be some error's cause."""
    fault.request = httpx.Request(request.method, request.url)


class Transport:
    """Sends for threads."""

    def __init__(self, requests: Requests, given: httpx.Client | None) -> None:
        if given is not None and not isinstance(given, httpx.Client):
            raise InvalidOptionError(f"http_client is {_kind(given)}; ClassifyClient needs an httpx.Client")
        self._requests = requests
        self._given = given
        self._own: httpx.Client | None = None
        self._closer: finalize[..., Any] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._is_inherited = False
        leave_connections_at_fork(self)

    def send(self, step: Send, key: SecretStr) -> httpx.Response:
        """Sends one request and returns the whole answer."""
        client = self._client()
        with ExitStack() as stack:
            upload = step.call.upload
            body = None if upload is None else stack.enter_context(upload.opened())
            request = self._requests.make(client, step, body, body and body.headers)
            try:
                return client.send(request, auth=KeyAuth(key), follow_redirects=False)
            except httpx.RequestError as fault:
                drop_headers(fault, request)
                raise

    def _client(self) -> httpx.Client:
        with self._lock:
            _check_open(self._given, closed=self._closed, inherited=self._is_inherited)
            if self._given is not None:
                return self._given
            if self._own is None:
                self._own = httpx.Client(**self._requests.options_of_own_client())
                self._closer = finalize(self, self._own.close)  # frameworks never close their components
            return self._own

    def leave_connections(self) -> list[object]:
        """Forgets the connections of the parent process, in a forked child."""
        left: list[object] = [self._own]
        self._is_inherited = True
        if self._closer is not None:
            self._closer.detach()
        self._own = self._closer = None
        self._lock = threading.Lock()
        return left

    def close(self) -> None:
        """Closes our own connections; a client that was given stays open."""
        with self._lock:
            self._closed = True
            if self._own is not None:
                self._own.close()


class AsyncTransport:
    """Sends for event loops: a connection belongs to the loop it was made on, so each loop has its own client."""

    def __init__(self, requests: Requests, given: httpx.AsyncClient | None) -> None:
        if given is not None and not isinstance(given, httpx.AsyncClient):
            raise InvalidOptionError(f"http_client is {_kind(given)}; AsyncClassifyClient needs an httpx.AsyncClient")
        self._requests = requests
        self._given = given
        self._own: LoopClients = WeakKeyDictionary()
        finalize(self, _end_when_loops_can, self._own).atexit = False
        self._closed = False
        self._lock = threading.Lock()
        self._is_inherited = False
        leave_connections_at_fork(self)

    async def send(self, step: Send, key: SecretStr) -> httpx.Response:
        """Sends one request and returns the whole answer."""
        client = await self._client()
        with ExitStack() as stack:
            upload = step.call.upload
            body = None if upload is None else await asyncio.to_thread(stack.enter_context, upload.opened())
            request = self._requests.make(client, step, body and body.stream(), body and body.headers)
            try:
                return await client.send(request, auth=KeyAuth(key), follow_redirects=False)
            except httpx.RequestError as fault:
                drop_headers(fault, request)
                raise

    async def _client(self) -> httpx.AsyncClient:
        with self._lock:
            _check_open(self._given, closed=self._closed, inherited=self._is_inherited)
            if self._given is not None:
                return self._given
            self._drop_closed_loops()
            loop = asyncio.get_running_loop()
            own = self._own.get(loop)
            if own is None or own.client.is_closed:
                own = LoopClient(httpx.AsyncClient(**self._requests.options_of_own_async_client()))
                self._own[loop] = own
        await own.begin()
        return own.client

    def leave_connections(self) -> list[object]:
        """Forgets the connections of the parent process, in a forked child."""
        left: list[object] = list(self._own.items())
        self._own.clear()
        self._lock = threading.Lock()
        self._is_inherited = True
        return left

    def _drop_closed_loops(self) -> None:
        for loop in [loop for loop in self._own if loop.is_closed()]:
            del self._own[loop]

    async def aclose(self) -> None:
        """Closes our own connections on every loop; a client that was given stays open."""
        with self._lock:
            self._closed = True
            self._drop_closed_loops()
            owned = list(self._own.items())
            self._own.clear()
        here = asyncio.get_running_loop()
        for loop, own in owned:
            if loop is here:
                await own.end()
            elif loop.is_running():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(own.end(), loop))


class LoopClient:
    """An httpx client that is closed when its event loop is shut down, if not before.

    `asyncio.run` and its like finish all asynchronous generators before they close the loop
    (`loop.shutdown_asyncgens`); a generator that waits at its `yield` for that moment closes the client in time.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self._keeper = self._keep()
        self._begun = False

    async def begin(self) -> None:
        """Lets the loop know of the client."""
        if not self._begun:
            self._begun = True
            await anext(self._keeper)

    async def end(self) -> None:
        """Closes the client."""
        await self._keeper.aclose()

    def end_soon(self) -> None:
        """Closes the client in a task of its own; called on the client's loop."""
        task = asyncio.ensure_future(self.end())
        _ENDING.add(task)  # a loop itself keeps no task alive
        task.add_done_callback(_ENDING.discard)

    async def _keep(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            await self.client.aclose()


LoopClients = WeakKeyDictionary[asyncio.AbstractEventLoop, LoopClient]
_ENDING: set[asyncio.Future[None]] = set()


def _end_when_loops_can(owned: LoopClients) -> None:
    """Closes what a client left open that nobody closed; frameworks have no moment at which to close their parts."""
    for loop, own in list(owned.items()):
        with suppress(RuntimeError):  # the loop is closed, and its connections with it
            loop.call_soon_threadsafe(own.end_soon)


def _kind(value: object) -> str:
    return f"a {type(value).__module__}.{type(value).__name__}"


def _check_open(given: httpx.Client | httpx.AsyncClient | None, *, closed: bool, inherited: bool) -> None:
    if closed:
        raise InvalidOptionError("this client is closed; make a new one, or close it later")
    if given is not None and inherited:
        raise InvalidOptionError(
            "an http_client of your own cannot be used in a forked process, whose connections are the parent's; "
            "make client or classifier anew with it in each process"
        )
    if given is not None and given.is_closed:
        raise InvalidOptionError("the http_client that was given is closed; keep it open as long as it is used here")
