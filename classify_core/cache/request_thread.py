"""A thread that does blocking work for event loops: as many requests at a time as have come.

It begins with the first request and ends when none comes for a while, so nobody has to close it and nothing of it
is left over. It does not keep a process alive; what was asked for is done before the process ends, and a fork
waits until the work under way is done, so that no child inherits it half done.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

logger = logging.getLogger(__name__)

RequestT = TypeVar("RequestT")
ResultT = TypeVar("ResultT")

# Longer than the gaps within a run, so that a run opens its file once; short enough that a file soon lies at rest.
IDLE_SECONDS: Final = 1.0
# More than the longest that work waits for a lock of another process.
_CLOSING_SECONDS: Final = 10.0


class Worker(ABC, Generic[RequestT, ResultT]):
    """What does the work; never in two threads at once."""

    @abstractmethod
    def work(self, requests: Sequence[RequestT]) -> Sequence[ResultT | None]:
        """Does what was asked for; one result for each request, in order."""

    @abstractmethod
    def rest(self) -> None:
        """Finishes what is left and lets go of everything that is open; work may come again."""

    @abstractmethod
    def let_go(self) -> None:
        """Closes what a forked child must not inherit; only for a moment."""

    @abstractmethod
    def forget(self) -> None:
        """In the child: drops what was the parent's to do."""


@dataclass(frozen=True, slots=True)
class _Reply:
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class RequestThread(Generic[RequestT, ResultT]):
    """Hands what event loops ask for to a worker in one daemon thread."""

    def __init__(self, worker: Worker[RequestT, ResultT]) -> None:
        self._worker = worker
        self._begin_anew()
        with _process.forking:  # a fork that is under way waits for the workers that it knows
            _process.threads.add(self)

    async def ask(self, request: RequestT) -> ResultT | None:
        """Awaits a request's result; None where the work failed."""
        loop = asyncio.get_running_loop()
        reply = _Reply(loop, loop.create_future())
        self._add(request, reply)
        result: ResultT | None = await reply.future
        return result

    def tell(self, request: RequestT) -> None:
        """Has a request done soon; nobody waits for it."""
        self._add(request, None)

    def at_once(self, work: Callable[[], None]) -> None:
        """Has the caller's thread do something with the worker, between other work."""
        with self._turn:
            work()

    def close(self) -> None:
        """Does what is left and ends the thread; a later request begins another."""
        with self._changed:
            thread, self._is_closing = self._thread, True
            self._changed.notify()
        if thread is not None:
            thread.join(_CLOSING_SECONDS)
            if thread.is_alive():  # a disk that does not answer must not keep a process alive
                return
        self.at_once(self._worker.rest)

    def prepare_fork(self) -> None:
        """Waits for the work under way and holds further work back."""
        self._turn.acquire()
        self._worker.let_go()

    def resume(self) -> None:
        """In the parent: lets the work go on."""
        self._turn.release()

    def forget(self) -> None:
        """In the child: the thread and what it was asked for are the parent's."""
        self._begin_anew()
        self._worker.forget()

    def _begin_anew(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._turn = threading.Lock()
        self._requests: list[tuple[RequestT, _Reply | None]] = []
        self._thread: threading.Thread | None = None
        self._is_closing = False

    def _add(self, request: RequestT, reply: _Reply | None) -> None:
        with self._changed:
            self._requests.append((request, reply))
            if self._thread is not None:
                self._changed.notify()
                return
            if self._started():
                return
            requests = self._taken()
        self._do(requests)
        self.at_once(self._worker.rest)

    def _started(self) -> bool:
        """Whether a thread could be begun: at the end of a process, or without resources, none can."""
        if _process.is_ending:
            return False
        thread = threading.Thread(target=self._serve, name="classify-cache", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread, self._is_closing = thread, False
        return True

    def _serve(self) -> None:
        while requests := self._next():
            self._do(requests)
        self.at_once(self._worker.rest)

    def _next(self) -> list[tuple[RequestT, _Reply | None]]:
        """All that was asked for since; empty, and another thread may begin, after a while without."""
        with self._changed:
            if not self._requests and not self._is_closing:
                self._changed.wait(IDLE_SECONDS)
            if not self._requests:
                self._thread = None
            return self._taken()

    def _taken(self) -> list[tuple[RequestT, _Reply | None]]:
        taken, self._requests = self._requests, []
        return taken

    def _do(self, requests: list[tuple[RequestT, _Reply | None]]) -> None:
        results: Sequence[ResultT | None] = [None] * len(requests)
        try:
            with self._turn:
                results = self._worker.work([request for request, _ in requests])
        except Exception:
            logger.exception("work in the cache thread failed")
        finally:  # whatever happens, somebody waits
            _deliver([reply for _, reply in requests], results)


def _deliver(replies: Sequence[_Reply | None], results: Sequence[Any]) -> None:
    """Wakes each event loop once, however many results it gets."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = {}
    for reply, result in zip(replies, results, strict=True):
        if reply is not None:
            by_loop.setdefault(reply.loop, []).append((reply.future, result))
    for loop, settled in by_loop.items():
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(_settle, settled)


def _settle(settled: list[tuple[asyncio.Future[Any], Any]]) -> None:
    for future, result in settled:
        if not future.done():  # the waiter may have given up
            future.set_result(result)


class _Process:
    """What a process has to see to: its forks and its end."""

    def __init__(self) -> None:
        self.threads: weakref.WeakSet[RequestThread[Any, Any]] = weakref.WeakSet()
        self.forking = threading.Lock()
        self.is_ending = False
        self._held: list[RequestThread[Any, Any]] = []

    def before_fork(self) -> None:
        self.forking.acquire()
        self._held = list(self.threads)
        for thread in self._held:
            thread.prepare_fork()

    def after_fork_in_parent(self) -> None:
        for thread in self._held:
            thread.resume()
        self._held = []
        self.forking.release()

    def after_fork_in_child(self) -> None:
        for thread in self._held:
            thread.forget()
        self._held = []
        self.forking = threading.Lock()

    def end(self) -> None:
        """Does all that is left; what comes still, from a loop that is just being stopped, is done where it comes."""
        self.is_ending = True
        with self.forking:
            threads = list(self.threads)
        for thread in threads:
            thread.close()


_process: Final = _Process()

atexit.register(_process.end)
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(
        before=_process.before_fork,
        after_in_parent=_process.after_fork_in_parent,
        after_in_child=_process.after_fork_in_child,
    )
