"""Chat models that answer as they are told to, and keep what they were asked, in the three ways that models answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_openai_tool
from langsmith.utils import tracing_is_enabled
from pydantic import Field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.callbacks import CallbackManagerForLLMRun


def reply(kind: str = "invoice", quote: str = "invoice number 7", **fields: Any) -> dict[str, Any]:
    return {"reasoning": f"it is {kind}", "quote": quote, "type": kind, "confidence": 0.9} | fields


class PlainModel(BaseChatModel):
    """Gives its replies one after the other, the last one again and again; an exception is raised.

    It has no structured output. A reply is a text or a message, or a dict that becomes JSON.
    """

    replies: list[Any]
    model_name: str = "scripted-1"
    api_key: str = "sk-secret"
    prompts: list[str] = Field(default_factory=list)
    handlers: list[Any] = Field(default_factory=list)
    traced_by_langsmith: list[bool] = Field(default_factory=list)

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.prompts.append("\n".join(f"{message.type}: {message.content}" for message in messages))
        self.handlers.extend(run_manager.handlers if run_manager is not None else ())
        self.traced_by_langsmith.append(bool(tracing_is_enabled()))
        one = self.replies[min(len(self.prompts), len(self.replies)) - 1]
        if isinstance(one, Exception):
            raise one
        message = one if isinstance(one, AIMessage) else self.message_of(one, **kwargs)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def message_of(self, one: Any, **kwargs: Any) -> AIMessage:
        return AIMessage(one if isinstance(one, str) else json.dumps(one))


class CallingModel(PlainModel):
    """A reply is the arguments of a call of the tool, or a text without one."""

    model_name: str = "scripted-calls"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def message_of(self, one: Any, **kwargs: Any) -> AIMessage:
        if isinstance(one, str):
            return AIMessage(one)
        name = kwargs["tools"][0]["function"]["name"]
        return AIMessage("", tool_calls=[{"name": name, "args": one, "id": "1"}])


class JsonModel(PlainModel):
    """Answers with JSON as its message's text, as OpenAI's models do where a schema is given."""

    model_name: str = "scripted-json"
    methods: list[Any] = Field(default_factory=list)

    def with_structured_output(self, schema: Any, *, include_raw: bool = False, **kwargs: Any) -> Runnable[Any, Any]:
        if kwargs.get("method", "json_schema") not in {"json_schema", "json_mode"}:
            raise ValueError(f"Unrecognized method argument: {kwargs['method']}")
        self.methods.append(kwargs.get("method"))
        parsed = RunnablePassthrough.assign(
            parsed=(lambda returned: returned["raw"]) | PydanticOutputParser(pydantic_object=schema),
            parsing_error=lambda _: None,
        ).with_fallbacks([RunnablePassthrough.assign(parsed=lambda _: None)], exception_key="parsing_error")
        return RunnableMap(raw=self) | parsed
