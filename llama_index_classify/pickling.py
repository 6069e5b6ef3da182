"""How components travel to another process: as the arguments that make them, without key and client."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any, Never

from classify_core.classifier import Classifier
from classify_core.errors import AuthenticationError

if TYPE_CHECKING:
    from llama_index_classify.component import LlamaIndexComponent


class Unusable:
    """Stands for a component that could not be restored; whatever is asked of it raises the reason."""

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


def restored(
    component: type[LlamaIndexComponent], arguments: dict[str, Any], fields: dict[str, Any]
) -> LlamaIndexComponent | Unusable:
    """A component of a pickle.

    A `multiprocessing.Pool` loses the task of a worker that cannot unpickle it, and waits for it for ever: there the
    error is raised when the component is used.

    Raises:
        AuthenticationError: it was hosted, there is no key here, and this is no worker process.
    """
    try:
        return component(classifier=Classifier(**arguments), **fields)
    except AuthenticationError as error:
        if multiprocessing.parent_process() is None:
            raise
        return Unusable(error)
