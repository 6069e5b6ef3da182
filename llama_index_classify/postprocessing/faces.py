"""The two faces of a store: its own asynchronous one on the caller's loop, or the blocking one in a thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from classify_core.background import in_thread

P = ParamSpec("P")
T = TypeVar("T")


class Faces:
    """Calls the face of a store that fits where the call comes from.

    Args:
        natively: whether the running loop is the caller's, on which asynchronous clients live. Else, and where a store
            has no asynchronous face, the blocking one is called in a thread: never on a loop.
    """

    def __init__(self, *, natively: bool) -> None:
        self._natively = natively

    async def call(
        self, blocking: Callable[P, T], native: Callable[P, Awaitable[T]], *args: P.args, **options: P.kwargs
    ) -> T:
        """The answer of one of the two, which do the same."""
        if self._natively:
            try:
                return await native(*args, **options)
            except NotImplementedError:  # as some stores answer that are blocking only
                pass
        return await in_worker(blocking, *args, **options)


async def in_worker(function: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
    """The answer of a blocking function that runs in a thread, within the span that is open."""
    return await in_thread(copy_context().run, partial(function, *args, **options))
