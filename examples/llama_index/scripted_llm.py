"""A language model that follows a script, so that the agent's program runs with no key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.llms import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    CompletionResponse,
    CompletionResponseGen,
    CustomLLM,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection


class ScriptedLLM(FunctionCallingLLM, CustomLLM):
    """Asks `classify_document` for each of `names`, one a turn, then says what each is."""

    names: list[str]

    @property
    def metadata(self) -> LLMMetadata:
        """What an agent asks of a model."""
        return LLMMetadata(is_function_calling_model=True, is_chat_model=True)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """The next turn, all at once."""
        del kwargs
        return self._turn([str(message.content) for message in messages if message.role == MessageRole.TOOL])

    async def _turn(self, told: list[str]) -> ChatResponseAsyncGen:
        if len(told) == len(self.names):
            types = [line.partition(" (")[0] for line in told]
            yield _message(", ".join(f"{name} is of type {one}" for name, one in zip(self.names, types, strict=True)))
            return
        arguments = {"name": self.names[len(told)]}
        yield _message("", ToolSelection(tool_id=f"{len(told)}", tool_name="classify_document", tool_kwargs=arguments))

    def get_tool_calls_from_response(self, response: ChatResponse, *args: Any, **kwargs: Any) -> list[ToolSelection]:
        """The calls of a turn."""
        del args, kwargs
        return list(response.message.additional_kwargs["tool_calls"])

    def _prepare_chat_with_tools(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        del args
        return {"messages": kwargs["chat_history"]}

    def complete(self, prompt: str, *args: Any, **kwargs: Any) -> CompletionResponse:
        """An agent does not ask for it."""
        raise NotImplementedError

    def stream_complete(self, prompt: str, *args: Any, **kwargs: Any) -> CompletionResponseGen:
        """An agent does not ask for it."""
        raise NotImplementedError


def _message(content: str, *calls: ToolSelection) -> ChatResponse:
    message = ChatMessage(role=MessageRole.ASSISTANT, content=content, additional_kwargs={"tool_calls": list(calls)})
    return ChatResponse(message=message, delta=content)
