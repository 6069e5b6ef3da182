"""Chat models that follow a script: they call tools, and say what they were told. They need no key and no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self, TypeAlias

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

Arguments: TypeAlias = dict[str, Any]


class CallingModel(BaseChatModel):
    """Calls a tool as its script says, once a turn or several times at once, and then says what it was told.

    A script is of one question; the next one of a conversation begins it anew.
    """

    script: list[list[Arguments]]
    tool_name: str = "classify_document"
    offered: list[dict[str, Any]] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **options: Any) -> Self:
        self.offered = [convert_to_openai_tool(tool) for tool in tools]
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        asked = max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))
        turn = sum(isinstance(message, AIMessage) for message in messages[asked:])
        message = self._calling(turn) if turn < len(self.script) else self._answering(messages[asked:])
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _calling(self, turn: int) -> AIMessage:
        calls = [
            ToolCall(name=self.tool_name, args=arguments, id=f"call-{turn}-{place}", type="tool_call")
            for place, arguments in enumerate(self.script[turn])
        ]
        return AIMessage("", tool_calls=calls)

    def _answering(self, messages: Sequence[BaseMessage]) -> AIMessage:
        told = [str(message.content) for message in messages if isinstance(message, ToolMessage)]
        return AIMessage(f"It says: {told[-1]}")
