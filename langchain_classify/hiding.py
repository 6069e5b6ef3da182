"""Keeps the texts that a model passes to a tool out of traces.

LangChain shows a tool's arguments to callbacks before the tool is run. So each text is replaced by its size and digest
for the way through LangChain, and looked up again at the other end.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from classify_core.source import Source

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

# The texts of the running call, by what is shown in their place.
_hidden: ContextVar[Mapping[str, str] | None] = ContextVar("classify_tool_hidden", default=None)


@contextmanager
def hidden(tool_input: Any, *, shown: Collection[str], open_arguments: Collection[str]) -> Iterator[Any]:
    """A tool's input with its texts replaced, for as long as the tool runs.

    Args:
        tool_input: a string, or arguments by name.
        shown: the strings that may be seen: names of attachments.
        open_arguments: the arguments that are passed as they are.
    """
    texts: dict[str, str] = {}
    if isinstance(tool_input, dict):
        told: Any = {
            name: value if name in open_arguments else _replaced(value, shown, texts)
            for name, value in tool_input.items()
        }
    else:
        told = _replaced(tool_input, shown, texts)
    token = _hidden.set(texts)
    try:
        yield told
    finally:
        _hidden.reset(token)


def revealed(value: str) -> str:
    """The text that `value` stands for; `value` itself where it stands for none."""
    return (_hidden.get() or {}).get(value, value)


def _replaced(value: Any, shown: Collection[str], texts: dict[str, str]) -> Any:
    """The value with each text in it replaced; anything else as it is, so that it is validated as it was given."""
    if isinstance(value, str) and value not in shown:
        reference = Source.text(value).reference
        place = f"text of {reference['size']} bytes, sha256 {reference['digest']}"
        texts[place] = value
        return place
    if isinstance(value, list):
        return [_replaced(item, shown, texts) for item in value]
    if isinstance(value, dict):
        return {name: _replaced(item, shown, texts) for name, item in value.items()}
    return value
