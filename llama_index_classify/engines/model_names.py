"""What the engines ask of a model before they take it."""

from __future__ import annotations

from typing import Final

from classify_core.errors import InvalidOptionError

# LlamaIndex's default where a model of the user's own has no name.
_NAMELESS: Final = frozenset({"", "unknown"})


def refuse_other(expected: type, model: object, *, engine: str, setting: str) -> None:
    """Refuses what is no model, also where there is none: one that nobody named is never taken from the settings.

    Args:
        expected: LlamaIndex's class of such models.
        model: what was given.
        engine: what it was given to, for the error.
        setting: where the program may keep a model, for the error.

    Raises:
        InvalidOptionError: it is no such model.
    """
    if isinstance(model, expected):
        return
    if model is None:
        raise InvalidOptionError(f"{engine} was given no model; name it, as in {engine}({setting})")
    kind = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
    raise InvalidOptionError(f"{engine} was given {kind}; give an object of a subclass of {expected.__name__}")


def model_name_of(model: object, stated: str | None) -> str:
    """The name that a model states, or its class's."""
    return type(model).__name__ if stated is None or stated in _NAMELESS else stated
