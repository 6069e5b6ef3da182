"""The one background event loop of a process.

Connections and rate limits are shared by all that happens in a process, so all work runs on one loop, in a daemon
thread of its own. Synchronous callers wait for it; asynchronous ones await it from their own loop. So both
work in a script, a thread, a notebook and inside a running loop, and no logic is written twice.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from classify_core.errors import UsageError

T = TypeVar("T")

_SHUTDOWN_SECONDS: Final = 2.0


class BackgroundLoop:
    """An event loop in a daemon thread, started when first needed, and anew in a forked child."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts a coroutine and returns at once; cancelling the future cancels the coroutine.

        Raises:
            UsageError: the interpreter is ending, and begins no thread any more.
        """
        with self._lock:  # a loop that is ending takes nothing more
            try:
                return asyncio.run_coroutine_threadsafe(coroutine, self._running_loop())
            except UsageError:
                coroutine.close()
                raise

    def call_soon(self, callback: Callable[..., None], *args: Any) -> None:
        """Has something called on the loop's thread, in the order it was asked for, and returns at once.

        Raises:
            UsageError: the interpreter is ending, and begins no thread any more.
        """
        with self._lock:
            self._running_loop().call_soon_threadsafe(callback, *args)

    def call_soon_if_running(self, callback: Callable[..., None], *args: Any) -> None:
        """The same for what only ends work: without a loop there is none, and none is begun for it."""
        with self._lock:
            if self._loop is not None and self._is_alive:
                self._loop.call_soon_threadsafe(callback, *args)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine to its end while the calling thread waits.

        Raises:
            UsageError: called on the background loop itself, which would wait for itself for ever.
        """
        try:
            self.refuse_inside()
        except UsageError:
            coroutine.close()
            raise
        future = self.submit(coroutine)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # an interrupted wait must not leave work behind
            raise

    async def arun(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Awaits a coroutine from the caller's own loop; cancelling the wait cancels the coroutine."""
        return await asyncio.wrap_future(self.submit(coroutine))

    def refuse_inside(self) -> None:
        """Refuses a synchronous call on the background loop itself, which would wait for itself for ever.

        Raises:
            UsageError: this is that loop's thread.
        """
        if threading.current_thread() is self._thread:
            raise UsageError("a synchronous call was made from inside a backend; await the asynchronous one there")

    def stop(self) -> None:
        """Cancels all work and ends the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_SHUTDOWN_SECONDS)

    def forget(self) -> None:
        """Drops what a forked child inherited: the thread exists only in the parent."""
        self._lock = threading.Lock()
        self._loop = self._thread = None

    @property
    def _is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None or not self._is_alive:
            if sys.is_finalizing():  # where a thread that is begun never comes to run, and would be waited for
                raise UsageError("the interpreter is ending; classify before that")
            loop = self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._serve, args=(loop,), name="classify-background", daemon=True)
            self._thread.start()
        return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            with self._lock:
                if self._loop is loop:
                    self._loop = self._thread = None
            _wind_up(loop)


def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels what is open on a loop, what was posted last included, so that nobody waits for it for ever."""
    loop.run_until_complete(asyncio.sleep(0))
    while open_tasks := asyncio.all_tasks(loop):
        for task in open_tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*open_tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


background: Final = BackgroundLoop()
"""The process's one loop."""

atexit.register(background.stop)
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=background.forget)


async def in_thread(function: Callable[..., T], *args: Any) -> T:
    """Runs blocking work in a daemon thread of its own.

    Unlike `asyncio.to_thread`, whose workers are waited for at interpreter exit, a parser that never returns cannot
    keep the process alive. Callers bound how many they wait for at once; one that is given up on goes on by itself.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def deliver(setter: Callable[[Any], None], value: Any) -> None:
        if not outcome.done():  # the waiter may have given up
            setter(value)

    def work() -> None:
        try:
            result = function(*args)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it belongs to the waiter
            _call_in(loop, deliver, outcome.set_exception, _deliverable(error))
        else:
            _call_in(loop, deliver, outcome.set_result, result)

    threading.Thread(target=work, name="classify-worker", daemon=True).start()
    return await outcome


def _deliverable(error: BaseException) -> Exception:
    """What a future can hold and an event loop survives: neither a StopIteration nor what would end a program."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    wrapped = RuntimeError(f"{type(error).__name__} in a worker thread")
    wrapped.__cause__ = error
    return wrapped


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *args: Any) -> None:
    if not loop.is_closed():  # the process may be ending
        loop.call_soon_threadsafe(callback, *args)
