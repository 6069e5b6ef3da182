"""How the tests call a tool: as a program does, or as an agent does, with a tool call; synchronously or awaited."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool

every_face = pytest.mark.parametrize("face", ["invoke", "ainvoke"])


def invoked(tool: Any, face: str, value: Any, config: RunnableConfig | None = None) -> Any:
    found = getattr(tool, face)(value, config)
    return asyncio.run(found) if inspect.iscoroutine(found) else found


def called(
    tool: BaseTool, face: str = "invoke", config: RunnableConfig | None = None, /, **arguments: Any
) -> ToolMessage:
    """The tool as an agent calls it."""
    message = invoked(tool, face, tool_call(tool.name, **arguments), config)
    assert isinstance(message, ToolMessage)
    return message


def tool_call(name: str, call_id: str = "call-1", /, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_call", "id": call_id, "name": name, "args": arguments}
