"""The processes for documents: as many as may run, kept and reused, and replaced when one has had its day."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from classify_core.classification import Answer
from classify_core.local.extraction.reading import ReadDocument
from classify_core.models import ClassifyConfiguration
from classify_core.server.options import DocumentLimits
from classify_core.server.workers import protocol
from classify_core.server.workers.failures import (
    DocumentFailedError,
    WorkerFaultError,
    crashed,
    out_of_memory,
    out_of_time,
)
from classify_core.server.workers.process import DiedError, NotBegunError, WorkerProcess

REQUESTS_A_PROCESS: Final = 500
"""A process is replaced after so many: readers leak, and what a hostile document left behind should not stay."""


class Decision(NamedTuple):
    """What was decided, and by how many pages."""

    answer: Answer
    pages: int


class WorkerPool:
    """Reads documents and decides about them in processes that nothing else depends on.

    Made anywhere, used on one event loop. A document whose process dies has failed; other documents do not notice.

    Args:
        size: how many processes there are at most; each is started when it is first needed.
        limits: of one document.
    """

    def __init__(self, size: int, limits: DocumentLimits) -> None:
        self._limits = limits
        self._slots = asyncio.Semaphore(size)
        self._idle: list[WorkerProcess] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def read(self, path: Path, name: str, file_type: str, lang: str = "en") -> ReadDocument:
        """Reads a file. Cancelled, it stops at once.

        Args:
            path: where its bytes are.
            name: the document's.
            file_type: the name's lower-case ending without the dot; empty where it has none.
            lang: the document's language, for OCR.

        Raises:
            DocumentFailedError: it cannot be read within the limits, and why.
            WorkerFaultError: no process could be started.
        """
        reply = await self._reply(protocol.ReadRequest(path=str(path), name=name, format=file_type, lang=lang))
        if not isinstance(reply, protocol.DocumentReply) or len(reply.document.reading.pages) > self._limits.pages:
            raise crashed()
        return reply.document

    async def decide(self, document: ReadDocument, configuration: ClassifyConfiguration) -> Decision:
        """Selects a document's pages and classifies it by them. Cancelled, it stops at once.

        Raises:
            DocumentFailedError: there is no text to decide by, or it takes too much.
            WorkerFaultError: no process could be started.
        """
        reply = await self._reply(protocol.DecideRequest(document=document, configuration=configuration))
        types = {None, *(rule.type for rule in configuration.rules)}
        if not isinstance(reply, protocol.AnswerReply) or reply.answer.type not in types:
            raise crashed()
        return Decision(reply.answer, reply.pages)

    async def close(self) -> None:
        """Ends all processes."""
        for process in self._idle:
            self._end(process)
        self._idle.clear()
        while self._ending:  # a document that is cut short meanwhile ends its process too
            await asyncio.gather(*self._ending)

    async def _reply(self, request: protocol.Request) -> protocol.Reply:
        content = protocol.REQUEST.dump_json(request)
        async with self._slots:
            # What an earlier document did to a process is not this one's failure; a new process has none before it.
            reply = await self._attempt(content, self._former()) or await self._attempt(content, None)
        if reply is None:
            raise WorkerFaultError("a process for documents ended before it began")
        if isinstance(reply, protocol.FailureReply):
            raise crashed() if reply.code is None else DocumentFailedError(reply.code, reply.message)
        return reply

    def _former(self) -> WorkerProcess | None:
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            self._end(process)
        return None

    async def _attempt(self, content: bytes, former: WorkerProcess | None) -> protocol.Reply | None:
        """One try; None where the document is not why it failed, and a process that is new should be tried."""
        process = former or await self._start()
        is_good = False
        try:
            reply = await self._exchange(process, content)
            is_good = not _is_spoilt(reply) and process.requests < REQUESTS_A_PROCESS
        except NotBegunError:
            return None
        finally:
            if is_good:
                self._idle.append(process)
            else:
                self._end(process)
        is_others_fault = isinstance(reply, protocol.FailureReply) and reply.code is None and former is not None
        return None if is_others_fault else reply

    async def _start(self) -> WorkerProcess:
        """A new process. Cut short, it is ended apart, since who was cancelled once may be so again."""
        starting = asyncio.create_task(WorkerProcess.start(self._limits))
        try:
            return await asyncio.shield(starting)
        except asyncio.CancelledError:
            self._go_on_with(_cut_short(starting))
            raise

    async def _exchange(self, process: WorkerProcess, content: bytes) -> protocol.Reply:
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await process.exchange(content)
        except TimeoutError:
            raise out_of_time(self._limits.seconds) from None
        except DiedError as error:
            raise (out_of_memory(self._limits.memory_bytes) if error.lacked_memory else crashed()) from None

    def _end(self, process: WorkerProcess) -> None:
        process.kill()
        self._go_on_with(process.end())

    def _go_on_with(self, ending: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(ending)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


def _is_spoilt(reply: protocol.Reply) -> bool:
    return isinstance(reply, protocol.FailureReply) and reply.is_spoilt


async def _cut_short(starting: asyncio.Task[WorkerProcess]) -> None:
    starting.cancel()
    with suppress(asyncio.CancelledError, WorkerFaultError):
        process = await starting  # it had just become ready
        await process.end()
