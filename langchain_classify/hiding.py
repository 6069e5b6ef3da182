"""Keeps the texts that a model passes to a tool out of traces.

LangChain shows a tool's arguments to callbacks before the tool is run. So each text is replaced by its size and digest
for the way through LangChain, and looked up again at the other end. What the model named and was found is shown by its
name alone, however the model wrote it: a model may know where on this machine a file is.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from classify_core.agent_documents import Finding
from classify_core.source import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# What is shown in the running call, and what it stands for.
_hidden: ContextVar[Mapping[str, str | Finding] | None] = ContextVar("classify_tool_hidden", default=None)


@contextmanager
def hidden(tool_input: Any, *, found: Mapping[str, Finding], open_arguments: Collection[str]) -> Iterator[Any]:
    """A tool's input with its texts replaced, for as long as the tool runs.

    Args:
        tool_input: a string, or arguments by name.
        found: what the model named, as it wrote it, and what there is of that name.
        open_arguments: the arguments that are passed as they are.
    """
    replaced: dict[str, str | Finding] = {}
    if isinstance(tool_input, dict):
        told: Any = {
            name: value if name in open_arguments else _replaced(value, found, replaced)
            for name, value in tool_input.items()
        }
    else:
        told = _replaced(tool_input, found, replaced)
    token = _hidden.set(replaced)
    try:
        yield told
    finally:
        _hidden.reset(token)


def revealed(value: str) -> str | Finding:
    """The text or finding that `value` stands for; `value` itself where it stands for none."""
    return (_hidden.get() or {}).get(value, value)


def _replaced(value: Any, found: Mapping[str, Finding], replaced: dict[str, str | Finding]) -> Any:
    """The value with each text in it replaced; anything else as it is, so that it is validated as it was given."""
    if isinstance(value, str):
        finding = found.get(value)
        shown = _reference(value) if finding is None or finding.name is None else finding.name
        replaced[shown] = value if finding is None else finding
        return shown
    if isinstance(value, list):
        return [_replaced(item, found, replaced) for item in value]
    if isinstance(value, dict):
        return {_replaced(name, found, replaced): _replaced(item, found, replaced) for name, item in value.items()}
    return value


def _reference(text: str) -> str:
    reference = Source.text(text).reference
    return f"text of {reference['size']} bytes, sha256 {reference['digest']}"
