"""How what holds a key travels to another process: as the arguments that make it anew, without key and client."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from typing import Any, Never, TypeVar

from classify_core.errors import AuthenticationError

T = TypeVar("T")


class Unusable:
    """Stands for what could not be restored; whatever is asked of it raises the reason."""

    def __init__(self, error: AuthenticationError) -> None:
        self._error = error

    def __call__(self, *args: object, **kwargs: object) -> Never:
        """Raises the reason."""
        del args, kwargs
        raise self._error

    def __getattr__(self, name: str) -> Never:
        if name.startswith("__"):  # what Python itself looks for, such as a way to copy
            raise AttributeError(name)
        raise self._error


def restored(make: Callable[..., T], *arguments: Any) -> T | Unusable:
    """Makes a pickled thing anew; its key is looked for in the environment.

    A `multiprocessing.Pool` loses the task of a worker that cannot unpickle it, and waits for it for ever: there the
    error is raised when the thing is used.

    Raises:
        AuthenticationError: it was hosted, there is no key here, and this is no worker process.
    """
    try:
        return make(*arguments)
    except AuthenticationError as error:
        if multiprocessing.parent_process() is None:
            raise
        return Unusable(error)
