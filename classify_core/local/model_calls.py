"""A model that somebody else brought: what is taken for one, what it is called, and what becomes of its failures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from classify_core.errors import ClassifyError, ConnectionFailedError, InvalidOptionError

_LONGEST_NAME: Final = 80
_HASH_LENGTH: Final = 8
# LlamaIndex's name, too, for a model of the user's own that has none.
_NAMELESS: Final = frozenset({"", "unknown"})
_UNUSUAL = re.compile(r"[^A-Za-z0-9._:/@-]+")


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
        model_name: the model's own; characters that do not suit a metadata value are replaced.
        options: what decides answers besides the model, where it is not the default.
    """
    name = _UNUSUAL.sub("-", model_name)[:_LONGEST_NAME]
    if name != model_name:  # two long names may be equal up to where they are cut
        name += "-" + hashlib.sha256(model_name.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_LENGTH]
    return "+".join([f"{kind}/{name}", *(f"{option}={value}" for option, value in options.items())])


@contextmanager
def failures_of(name: str) -> Iterator[None]:
    """Whatever a model's library raises becomes an error of ours for the one document.

    Its text may quote a key or the document, so our message has its class alone; itself it is the cause.

    Raises:
        ConnectionFailedError: the model failed.
    """
    try:
        yield
    except ClassifyError:
        raise
    except Exception as error:
        raise ConnectionFailedError(
            f"the model of {name!r} failed with {type(error).__name__}; what it says is this error's __cause__. Check "
            "the model's key, name and limits, and try again"
        ) from error
