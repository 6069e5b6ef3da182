"""One at a time writes to a store, whichever component, thread or loop it is that writes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakKeyDictionary

_LOCKS: Final = WeakKeyDictionary[object, threading.Lock]()
_LOCKS_LOCK: Final = threading.Lock()
_PAUSE_SECONDS: Final = 0.01


@asynccontextmanager
async def exclusive(store: object, *, seconds: float | None) -> AsyncIterator[None]:
    """Holds all other writers of this process off a store.

    Args:
        store: an object that is the store's own, such as an index.
        seconds: how long to wait for the others; None is no limit.

    Raises:
        TimeoutError: others were writing all that time.
    """
    lock = _lock_of(store)
    async with asyncio.timeout(seconds):
        # A loop must not block, and who is cancelled must not keep the lock.
        while not lock.acquire(blocking=False):  # noqa: ASYNC110 - other threads hold it, without an event to await
            await asyncio.sleep(_PAUSE_SECONDS)
    try:
        yield
    finally:
        lock.release()


def _lock_of(store: object) -> threading.Lock:
    with _LOCKS_LOCK:
        return _LOCKS.setdefault(store, threading.Lock())
