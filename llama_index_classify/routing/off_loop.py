"""Blocking work of a target, away from the event loop."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from typing import Any, TypeVar

from classify_core.background import in_thread

T = TypeVar("T")


async def off_loop(function: Callable[..., T], *args: Any) -> T:
    """Runs blocking work in a thread, under the span that is open here."""
    try:
        return await in_thread(copy_context().run, function, *args)
    except RuntimeError as error:
        # What ends a program cannot cross from a thread by itself; here it goes on its way.
        if error.__cause__ is not None and not isinstance(error.__cause__, Exception):
            raise error.__cause__ from None
        raise
