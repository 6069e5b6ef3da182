"""What LangChain's models call themselves; each integration has an attribute of its own for it."""

from __future__ import annotations

from typing import Final

from classify_core.local.model_calls import model_name_of

_ATTRIBUTES: Final = ("model_name", "model", "model_id", "deployment_name", "repo_id", "model_path")


def name_of(model: object) -> str:
    """The model's own name, else its class's."""
    stated = (getattr(model, attribute, None) for attribute in _ATTRIBUTES)
    return model_name_of(model, next((name for name in stated if isinstance(name, str) and name), None))
