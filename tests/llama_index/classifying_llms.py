"""LLMs that answer as they are told to, and keep what they were asked: one completes text, one calls functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Sequence


def reply(kind: str = "invoice", quote: str = "invoice number 7", **fields: Any) -> dict[str, Any]:
    return {"reasoning": f"it is {kind}", "quote": quote, "type": kind, "confidence": 0.9} | fields


class _Scripted:
    """Gives its replies one after the other, the last one again and again; an exception is raised."""

    def next_reply(self: Any, prompt: str) -> Any:
        self.prompts.append(prompt)
        one = self.replies[min(len(self.prompts), len(self.replies)) - 1]
        if isinstance(one, Exception):
            raise one
        return one


class CompletingLLM(_Scripted, CustomLLM):
    """A reply is a text, or a dict that becomes JSON."""

    replies: list[Any]
    model: str = "scripted-1"
    api_key: str = "sk-secret"
    prompts: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002
        one = self.next_reply(prompt)
        return CompletionResponse(text=one if isinstance(one, str) else json.dumps(one))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: FBT001, FBT002
        raise NotImplementedError


class CallingLLM(_Scripted, FunctionCallingLLM):
    """A reply is the arguments of a function call, or a text without one."""

    replies: list[Any]
    model: str = "scripted-calls"
    prompts: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model, is_chat_model=True, is_function_calling_model=True)

    def _prepare_chat_with_tools(
        self, tools: Any, user_msg: Any = None, chat_history: Any = None, **kwargs: Any
    ) -> dict[str, Any]:
        return {"messages": list(chat_history or []), "tool": tools[0].metadata.name}

    def get_tool_calls_from_response(
        self,
        response: ChatResponse,
        error_on_no_tool_call: bool = True,  # noqa: FBT001, FBT002 - the framework's signature
        **kwargs: Any,
    ) -> list[ToolSelection]:
        calls = response.message.additional_kwargs.get("tool_calls", [])
        if not calls and error_on_no_tool_call:
            raise ValueError(f"Expected at least one tool call, but got: {response.message.content}")
        return [ToolSelection(tool_id="1", tool_name=name, tool_kwargs=arguments) for name, arguments in calls]

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], tool: str = "", **kwargs: Any) -> ChatResponse:
        one = self.next_reply("\n".join(f"{message.role.value}: {message.content}" for message in messages))
        text, calls = (one, []) if isinstance(one, str) else ("", [(tool, one)])
        message = ChatMessage(role=MessageRole.ASSISTANT, content=text, additional_kwargs={"tool_calls": calls})
        return ChatResponse(message=message)

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        raise NotImplementedError

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002
        raise NotImplementedError

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002
        raise NotImplementedError

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        raise NotImplementedError

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: FBT001, FBT002
        raise NotImplementedError

    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:  # noqa: FBT001, FBT002
        raise NotImplementedError
