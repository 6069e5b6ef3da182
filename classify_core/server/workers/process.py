"""One process for documents, as its server sees it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final, Self

from classify_core.server.options import DocumentLimits
from classify_core.server.workers import protocol
from classify_core.server.workers.failures import WorkerFaultError
from classify_core.server.workers.scratch import scratch_folder

START_SECONDS: Final = 60.0
CHILD_MODULE = "classify_core.server.workers.child"
_END_SECONDS: Final = 2.0
_KEPT_STDERR_BYTES: Final = 4096
# What Rust says before it aborts for a stack that is full, as by deep nesting; memory was not what was missing.
_STACK_OVERFLOW: Final = b"overflowed its stack"
# What finds Python, its packages and its libraries. Nothing else is passed on: no key reaches the process.
_PASSED_ON: Final = frozenset(
    {
        "PATH",
        "PYTHONPATH",
        "PYTHONHOME",
        "VIRTUAL_ENV",
        "LD_LIBRARY_PATH",
        "DYLD_LIBRARY_PATH",
        "TESSDATA_PREFIX",
        "LANG",
        "LC_ALL",
        "SYSTEMROOT",
    }
)
# One document at a time needs no threads of its own, and each reserves 8 to 70 MB of the address space.
_SETTINGS: Final = {
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONUTF8": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKIO_WORKER_THREADS": "1",
}


class NotBegunError(Exception):
    """The process was gone before it began with a request; the request's document is not why."""


class DiedError(Exception):
    """The process ended, or said what it may not say, while it worked on a request.

    Attributes:
        lacked_memory: whether that was, by all signs, for want of memory.
    """

    def __init__(self, *, lacked_memory: bool) -> None:
        super().__init__(f"{lacked_memory=}")
        self.lacked_memory = lacked_memory


class WorkerProcess:
    """A process that is ready for requests, made by `start`.

    Attributes:
        requests: how many it was given.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._stderr = asyncio.create_task(_last_of(process.stderr))
        self.requests = 0

    @classmethod
    async def start(cls, limits: DocumentLimits) -> Self:
        """Starts a process and waits until it is ready.

        Raises:
            WorkerFaultError: it did not become ready.
        """
        try:
            with scratch_folder() as folder:
                worker = cls(await _spawn(limits, folder))
                await worker._ready()
        except OSError as error:
            raise WorkerFaultError(f"a process for documents cannot be started: {error.strerror}") from error
        return worker

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self._process.returncode is None

    async def exchange(self, request: bytes) -> protocol.Reply:
        """Has it work on one request. Cut short, it must be ended: its reply would be taken for the next one's.

        Raises:
            NotBegunError: it was gone before it began.
            DiedError: it did not come to an end.
        """
        self.requests += 1
        has_begun = False
        try:
            await self._say(request)
            await self._heard(at_most=len(protocol.NOTICE))
            has_begun = True
            return protocol.REPLY.validate_json(await self._heard(at_most=protocol.MAX_FRAME_BYTES))
        except ValueError:
            raise DiedError(lacked_memory=False) from None
        except (OSError, EOFError):
            if not has_begun:
                raise NotBegunError from None
            raise DiedError(lacked_memory=await self._lacked_memory()) from None

    def kill(self) -> None:
        """Ends it, and all that it has started, at once."""
        if not self.is_alive:
            return
        try:
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    async def end(self) -> None:
        """Kills it and waits until it is gone."""
        self.kill()
        assert self._process.stdout is not None
        await self._process.stdout.read()  # a pipe with something left in it would stay open
        await self._process.wait()
        await self._stderr
        # asyncio closes it one step of its loop later, which a loop that is closed now would not take.
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001 - it has no public way

    async def _ready(self) -> None:
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._heard(at_most=len(protocol.NOTICE))
        except (OSError, EOFError, ValueError):
            await self.end()
            raise WorkerFaultError("a process for documents did not become ready") from None
        except BaseException:
            await self.end()
            raise

    async def _say(self, content: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(protocol.framed(content))
        await self._process.stdin.drain()

    async def _heard(self, *, at_most: int) -> bytes:
        assert self._process.stdout is not None
        [length] = protocol.HEADER.unpack(await self._process.stdout.readexactly(protocol.HEADER.size))
        if length > at_most:
            raise ValueError("a longer frame than there may be")
        return await self._process.stdout.readexactly(length)

    async def _lacked_memory(self) -> bool:
        """Killed by the system, or aborted, as allocators do that get no memory."""
        try:
            async with asyncio.timeout(_END_SECONDS):
                returncode = await self._process.wait()
                said = await self._stderr
        except TimeoutError:  # it closed its output and lives on
            return False
        return returncode in _signalled("SIGKILL", "SIGABRT") and _STACK_OVERFLOW not in said


async def _spawn(limits: DocumentLimits, folder: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        CHILD_MODULE,
        str(os.getpid()),
        json.dumps(asdict(limits)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=_environment(os.environ, folder),
        start_new_session=True,
    )


def _environment(own: Mapping[str, str], folder: str) -> dict[str, str]:
    passed_on = {name: value for name, value in own.items() if name.upper() in _PASSED_ON}
    return passed_on | _SETTINGS | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)


def _signalled(*names: str) -> set[int]:
    return {-getattr(signal, name) for name in names if hasattr(signal, name)}


async def _last_of(stderr: asyncio.StreamReader | None) -> bytes:
    """What was said last. It may quote a document, so it is looked at and never shown."""
    assert stderr is not None
    said = b""
    while chunk := await stderr.read(_KEPT_STDERR_BYTES):
        said = (said + chunk)[-_KEPT_STDERR_BYTES:]
    return said
