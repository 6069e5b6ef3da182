"""A receiver of webhooks on loopback, and jobs whose events it hears."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Self

from classify_core.server.simulation.faults import Faults
from classify_core.server.store import deliveries, jobs
from classify_core.server.store.database import FILE_NAME, Database
from classify_core.server.store.projects import project_of_key
from classify_core.server.store.records import DocumentInput, JobState, NewJob, Outcome, StoredJob
from classify_core.server.webhooks.sender import Patience, WebhookSender

QUICK = Patience(attempt_seconds=5.0, waits=(0.01, 0.01), stop_seconds=0.2)
RESULT = {"type": "invoice", "confidence": 0.9, "reasoning": "REASONING"}


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event in either format."""
        told = json.loads(self.body)
        return json.loads(told) if isinstance(told, str) else told


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Receiver:
    """Answers each path with the next of its statuses, the last one for ever; 200 where it has none.

    A path that begins with `/hold` is answered once `.released` is set; one that begins with `/drip` for ever.
    """

    def __init__(self) -> None:
        self.statuses: dict[str, list[int]] = {}
        self.headers: dict[str, str] = {}
        self.received: list[Received] = []
        self.released = threading.Event()
        self._stopped = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, stack: TracebackType | None
    ) -> None:
        self._stopped.set()
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return self._server.server_port

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def events(self) -> list[str]:
        return [each.headers["x-webhook-event-type"] for each in self.received]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                receiver._answer(self)

            def do_GET(self) -> None:
                self.do_POST()  # a redirect of a POST may be followed by a GET

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                del format, args

        return Handler

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path.startswith("/hold"):
            self.released.wait()
        if self._stopped.is_set():
            return
        left = self.statuses.get(handler.path, [200])
        handler.send_response(left.pop(0) if len(left) > 1 else left[0])
        for name, value in self.headers.items():
            handler.send_header(name, value)
        if handler.path.startswith("/drip"):
            self._drip(handler)
            return
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.end_headers()
        while not self._stopped.wait(0.01):
            try:
                handler.wfile.write(b"x" * 1000)
            except OSError:
                return


@dataclass
class Sending:
    """A sender at work on a store, and jobs of one project in that store."""

    database: Database
    sender: WebhookSender
    faults: Faults
    project_id: str

    async def create(self, *endpoints: dict[str, Any], api: str = "v2", files: int = 1, **fields: Any) -> StoredJob:
        job = await self.database.run(
            jobs.create,
            NewJob(
                project_id=self.project_id,
                api=api,
                inputs=tuple(DocumentInput("file_id", f"dfl-{number}") for number in range(files)),
                configuration={"rules": []},
                webhooks=endpoints,
                **fields,
            ),
        )
        self.sender.wake()
        return job

    async def begin(self, job: StoredJob) -> None:
        await self.database.run(jobs.begin, job.id)
        self.sender.wake()

    async def finish(self, job: StoredJob, status: JobState, error_message: str | None = None) -> None:
        await self.database.run(jobs.finish, job.id, status, error_message)
        self.sender.wake()

    async def complete(self, job: StoredJob) -> None:
        await self.begin(job)
        await self.database.run(jobs.keep_outcome, job.id, 0, Outcome(result=RESULT, parse_job_id="pjb-1"))
        await self.finish(job, JobState.COMPLETED)

    async def owed(self) -> list[str]:
        """The types of the events that are owed still."""
        return [each.event_type for each in await self.database.run(deliveries.owed_after, 0, limit=1000)]

    async def settled(self) -> None:
        while await self.owed():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def sending(folder: Path, *, allow_private: bool = True, patience: Patience = QUICK) -> AsyncIterator[Sending]:
    """Opens the folder's store and sends what it owes; twice in one folder is a restart."""
    database = Database(folder / FILE_NAME)
    await database.open()
    service: Any = SimpleNamespace(
        database=database, options=SimpleNamespace(allow_private_webhooks=allow_private), faults=Faults()
    )
    sender = WebhookSender(service, patience=patience)
    project = await database.run(project_of_key, hashlib.sha256(b"key").digest())
    try:
        await sender.start()
        async with asyncio.timeout(10):
            yield Sending(database, sender, service.faults, project.id)
    finally:
        await sender.stop()
        await database.close()
