"""A chat model that follows a script, so that the agent's program runs with no key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult


class ScriptedChatModel(BaseChatModel):
    """Asks `classify_document` for each of `names`, one a turn, then says what each is."""

    names: list[str]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Self:
        """An agent offers its tools; the script knows the one that it calls."""
        del tools, kwargs
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        del stop, run_manager, kwargs
        told = [str(message.content) for message in messages if isinstance(message, ToolMessage)]
        return ChatResult(generations=[ChatGeneration(message=self._turn(told))])

    def _turn(self, told: Sequence[str]) -> AIMessage:
        if len(told) == len(self.names):
            types = [line.partition(" (")[0] for line in told]
            said = (f"{name} is of type {one}" for name, one in zip(self.names, types, strict=True))
            return AIMessage(", ".join(said))
        arguments = {"document": self.names[len(told)]}
        return AIMessage("", tool_calls=[ToolCall(name="classify_document", args=arguments, id=f"call-{len(told)}")])
