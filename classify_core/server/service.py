"""What the requests of one server share, and the order in which it is begun and ended."""

from __future__ import annotations

from classify_core.server.jobs.runner import JobRunner
from classify_core.server.middleware.authentication import KeyRing
from classify_core.server.middleware.rate_limiting import RateLimiter
from classify_core.server.middleware.request_log import RequestLog
from classify_core.server.options import ServerOptions
from classify_core.server.simulation.settings import SimulationSettings
from classify_core.server.store import files
from classify_core.server.store.database import FILE_NAME, Database
from classify_core.server.store.file_folder import FileFolder
from classify_core.server.webhooks.sender import WebhookSender
from classify_core.server.workers.pool import WorkerPool


class Service:
    """The parts of a running server. Made outside an event loop, started and stopped on it."""

    def __init__(self, options: ServerOptions) -> None:
        options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.options = options
        self.database = Database(options.data / FILE_NAME)
        self.file_folder = FileFolder(options.data / "files")
        self.keys = KeyRing(options)
        self.rate_limiter = RateLimiter(options.limits)
        self.faults = options.faults
        self.simulation = SimulationSettings(options.job_seconds, options.concurrent_jobs, options.seed)
        self.requests = RequestLog()
        self.workers = WorkerPool(options.workers, options.document_limits)
        self.runner = JobRunner(self)
        self.webhooks = WebhookSender(self)

    async def start(self) -> None:
        """Opens the store, then begins to work on what a former run of the server left open."""
        await self.database.open()
        await self.keys.start(self.database)
        known = await self.database.run(files.remove_expired)
        await self.file_folder.sweep(known)
        await self.webhooks.start()
        await self.runner.start()

    async def stop(self) -> None:
        """Ends the work; what is open is finished after the next start."""
        await self.runner.stop()
        await self.webhooks.stop()
        await self.workers.close()
        await self.database.close()
