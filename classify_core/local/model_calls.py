"""A model that somebody else brought: what is taken for one, what it is called, and what becomes of its failures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any, Final

from classify_core.backend import place_of
from classify_core.errors import ClassifyError, ConnectionFailedError, InvalidOptionError

_LONGEST_NAME: Final = 80
_HASH_LENGTH: Final = 8
# LlamaIndex's name, too, for a model of the user's own that has none.
_NAMELESS: Final = frozenset({"", "unknown"})
_UNUSUAL = re.compile(r"[^A-Za-z0-9._:/@-]+")


class ModelFailureError(Exception):
    """Stands as the cause in place of what a model's library raised.

    Tracers and logs write down the text of every cause, and that of a library may quote a key or the document.

    Attributes:
        original: what the library raised, without its stack, whose frames hold the document.
    """

    def __init__(self, original: Exception) -> None:
        super().__init__(f"what the {type(original).__name__} says may quote the document; it is .original of this")
        self.original = original
        seen = set[int]()
        earlier: BaseException | None = original
        while earlier is not None and id(earlier) not in seen:  # whoever raised them may have made a ring
            seen.add(id(earlier))
            earlier.__traceback__ = None
            earlier = earlier.__cause__ or earlier.__context__

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.original,)


def refuse_other(expected: type, model: object, *, engine: str, example: str) -> None:
    """Refuses what is no model, also where there is none: one that nobody named is never taken from a setting.

    Args:
        expected: the framework's class of such models.
        model: what was given.
        engine: what it was given to, for the error.
        example: what a program may have given instead, for the error.

    Raises:
        InvalidOptionError: it is no such model.
    """
    if isinstance(model, expected):
        return
    if model is None:
        raise InvalidOptionError(f"{engine} was given no model; name it, as in {engine}({example})")
    kind = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
    raise InvalidOptionError(f"{engine} was given {kind}; give an object of a subclass of {expected.__name__}")


def model_name_of(model: object, stated: str | None) -> str:
    """The name that a model states, or its class's."""
    return type(model).__name__ if stated is None or stated in _NAMELESS else stated


def engine_name(kind: str, model_name: str, **options: object) -> str:
    """A short name that is equal only for equal models and options, since labels and caches are told apart by it.

    Args:
        kind: the engine's, such as `"llm"`.
        model_name: the model's own; characters that do not suit a metadata value are replaced, and of a path on this
            machine only the last part is told.
        options: what decides answers besides the model, where it is not the default.
    """
    name = _UNUSUAL.sub("-", _without_folder(model_name))[:_LONGEST_NAME]
    if name != model_name:  # two names may be equal in what is left of them
        name += "-" + hashlib.sha256(model_name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return "+".join([f"{kind}/{name}", *(f"{option}={value}" for option, value in options.items())])


def _without_folder(model_name: str) -> str:
    """The last part of a path on this machine, whose folders are nobody's business; else the name as it is."""
    for path in (PurePosixPath(model_name), PureWindowsPath(model_name)):
        if path.is_absolute() or model_name.startswith("~"):
            return path.name
    return model_name


@contextmanager
def failures_of(name: str) -> Iterator[None]:
    """Whatever a model's library raises becomes an error of ours for the one document.

    Its text may quote a key or the document, so our message has its class and place alone.

    Raises:
        ConnectionFailedError: the model failed; the cause is a `ModelFailureError`.
    """
    try:
        yield
    except ClassifyError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a library raises is kept, and does not end a run
        raise ConnectionFailedError(
            f"the model of {name!r} failed with {type(error).__name__} at {place_of(error)}; what it says is this "
            "error's __cause__.original. Check the model's key, name and limits, and try again"
        ) from ModelFailureError(error)
