"""What is bound to an event loop, made on each loop when it is first needed there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """Makes one thing for each event loop, and drops what belonged to loops that are closed.

    A forked child's loop is another one too: what its parent had under way never ends there.

    Args:
        make: is called on the loop.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, T] = WeakKeyDictionary()

    def __call__(self) -> T:
        """The running loop's own."""
        loop = asyncio.get_running_loop()
        made = self._made.get(loop)
        if made is None:
            self._drop_closed()
            made = self._made[loop] = self._make()
        return made

    def _drop_closed(self) -> None:
        """Lets go of what keeps its loop alive: events and tasks hold the loop they were used on."""
        for loop in [loop for loop in list(self._made) if loop.is_closed()]:
            self._made.pop(loop, None)
