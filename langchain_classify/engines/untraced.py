"""Calls of which no tracer of the program's hears, since a prompt holds the document's text."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import TypeVar

T = TypeVar("T")


def untraced(function: Callable[[], T]) -> T:
    """Calls a function where LangChain finds neither a run to add to, nor handlers, nor LangSmith.

    LangChain finds all of them in the context, so this one is empty; LangSmith it also finds in the environment.
    """
    return Context().run(_without_langsmith, function)


def _without_langsmith(function: Callable[[], T]) -> T:
    from langsmith.run_helpers import tracing_context  # noqa: PLC0415 - slow to import, and only calls need it

    with tracing_context(enabled=False):
        return function()
