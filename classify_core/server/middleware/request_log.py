"""What was asked and answered: one line in the log and one record for each request."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, overload
from uuid import uuid4

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classify_core.server.logs import log_event
from classify_core.server.middleware.answers import answer
from classify_core.server.route_patterns import RoutePattern

if TYPE_CHECKING:
    from classify_core.server.service import Service

MAX_RECORDS: Final = 10_000
MAX_PATH: Final = 1_000
"""Characters of a path that are kept: without a bound the records of strangers' requests would fill the memory."""


@dataclass(slots=True)
class RecordedRequest:
    """One request as the server saw it.

    Attributes:
        request_id: also in the answer, as `X-Request-ID`.
        path: without its query, and cut after `MAX_PATH` characters.
        status: of the answer; None while there is none, and where the connection was cut instead.
        project_id: whose key came with it.
        fault: the injected fault that it met.
    """

    request_id: str
    method: str
    path: str
    status: int | None = None
    project_id: str | None = None
    fault: str | None = None


class RequestLog(Sequence[RecordedRequest]):
    """The last `MAX_RECORDS` requests since it was cleared, in the order of their arrival. Usable from any thread."""

    def __init__(self, records: Sequence[RecordedRequest] = ()) -> None:
        self._records = deque(records, maxlen=MAX_RECORDS)
        self._lock = threading.Lock()

    def add(self, record: RecordedRequest) -> None:
        """Keeps a request."""
        with self._lock:
            self._records.append(record)

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._records.clear()

    def to(self, route: str) -> RequestLog:
        """Those to a route, such as `"POST /api/v2/classify"` or `"GET /api/v2/classify/{job_id}"`.

        Raises:
            InvalidOptionError: it is no route.
        """
        pattern = RoutePattern.parse(route)
        return RequestLog([record for record in self._copy() if pattern.matches(record.method, record.path)])

    def count(self, route: str) -> int:
        """How many went to a route, given as for `to`."""
        return len(self.to(route))

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[RecordedRequest]:
        return iter(self._copy())

    @overload
    def __getitem__(self, index: int) -> RecordedRequest: ...
    @overload
    def __getitem__(self, index: slice) -> list[RecordedRequest]: ...
    def __getitem__(self, index: int | slice) -> RecordedRequest | list[RecordedRequest]:
        return self._copy()[index]

    def __repr__(self) -> str:
        return f"RequestLog({self._copy()})"

    def _copy(self) -> list[RecordedRequest]:
        with self._lock:
            return list(self._records)


class RequestLogging:
    """Gives each request an ID, keeps a record of it and logs it; what the server fails at is a 500 without details."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._requests = service.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = RecordedRequest(uuid4().hex, scope["method"], scope["path"][:MAX_PATH])
        scope.setdefault("state", {})["record"] = record
        self._requests.add(record)
        begin = time.monotonic()
        try:
            await self._app(scope, receive, _with_request_id(send, record))
        except Exception as error:  # noqa: BLE001 - the last place where a client can still be answered
            log_event("request.error", level=logging.ERROR, error=error, request_id=record.request_id)
            if record.status is None:
                await answer(_with_request_id(send, record), 500, "Internal Server Error")
        finally:
            _log(scope, record, time.monotonic() - begin)


def _with_request_id(send: Send, record: RecordedRequest) -> Send:
    async def send_with_id(message: Message) -> None:
        if message["type"] == "http.response.start":
            record.status = message["status"]
            message["headers"] = [*message.get("headers", []), (b"x-request-id", record.request_id.encode())]
        await send(message)

    return send_with_id


def _log(scope: Scope, record: RecordedRequest, seconds: float) -> None:
    client = scope.get("client")
    log_event(
        "request",
        request_id=record.request_id,
        method=record.method,
        route=getattr(scope.get("route"), "path", record.path),
        status=record.status,
        seconds=round(seconds, 6),
        project=record.project_id,
        client=None if client is None else client[0],
        fault=record.fault,
    )
