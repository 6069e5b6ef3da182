"""Calls of a model that somebody else brought: what it is called, and what becomes of its failures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from classify_core.errors import ClassifyError, ConnectionFailedError

_LONGEST_NAME: Final = 80
_HASH_LENGTH: Final = 8
_UNUSUAL = re.compile(r"[^A-Za-z0-9._:/@-]+")


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
