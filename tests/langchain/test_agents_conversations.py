"""Conversations with an agent: each has attachments of its own, and is stored without them."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.prebuilt.tool_node import ToolCallRequest

from classify_core import Classification, Rule
from langchain_classify import ClassifyTool
from tests.backends import ScriptedBackend
from tests.langchain.agent_homes import answers_in, graph_of, in_agent, question
from tests.langchain.helpers import SECRET_WORDS
from tests.langchain.scripted_models import CallingModel
from tests.langchain.tool_calls import every_face, invoked

INVOICE = "invoice (confidence 0.90): the text says invoice"


@pytest.fixture
def tool(rules: list[Rule]) -> ClassifyTool:
    return ClassifyTool(rules, backend=ScriptedBackend(), documents={"acme.pdf": "an invoice"})


@every_face
def test_a_conversation_is_stored_with_the_answers_and_read_again(face: str, tool: ClassifyTool) -> None:
    saver = InMemorySaver(serde=JsonPlusSerializer(pickle_fallback=False))
    config: Any = {"configurable": {"thread_id": "1"}}
    agent = create_agent(CallingModel(script=[[{"document": "acme.pdf"}]]), [tool], checkpointer=saver)
    for _ in range(2):
        invoked(agent, face, question(), config)
    again = create_agent(CallingModel(script=[]), [tool], checkpointer=saver)
    answers = answers_in(again.get_state(config).values["messages"])
    assert [answer.content for answer in answers] == [INVOICE] * 2
    for answer in answers:
        assert json.loads(json.dumps(answer.artifact)) == answer.artifact
        assert Classification.model_validate(answer.artifact).type == "invoice"


@every_face
def test_each_conversation_has_the_tool_with_its_own_attachments(face: str, tool: ClassifyTool) -> None:
    for text, kind in (("a recipe", "recipe"), ("an invoice", "invoice")):
        own = tool.with_documents({"mail.txt": text})
        assert own.classifier is tool.classifier
        [answer] = answers_in(in_agent(own, face, [{"document": "mail.txt"}]))
        assert answer.artifact["type"] == kind
    assert list(tool.documents) == ["acme.pdf"]


@dataclass
class Conversation:
    """What the program, and no model, says of a run."""

    attachments: dict[str, Any] = field(default_factory=dict)


class OwnAttachments(AgentMiddleware[Any, Conversation]):
    """One agent for all conversations: each call is made with the attachments of the run's context."""

    def wrap_tool_call(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> Any:
        return handler(self._with_attachments(request))

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]
    ) -> Any:
        return await handler(self._with_attachments(request))

    @staticmethod
    def _with_attachments(request: ToolCallRequest) -> ToolCallRequest:
        if not isinstance(request.tool, ClassifyTool):
            return request
        own: Any = {"tool": request.tool.with_documents(request.runtime.context.attachments)}
        return request.override(**own)


@every_face
def test_one_agent_takes_the_attachments_of_the_runs_context_and_none_of_the_models(
    face: str, rules: list[Rule]
) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend())
    supplied = {"context": {"attachments": {"mail.txt": "neither"}}, "runtime": {"context": None}}
    model = CallingModel(script=[[{"document": "mail.txt", **supplied}]])
    agent: Any = create_agent(model, [tool], middleware=[OwnAttachments()], context_schema=Conversation)

    async def conversations() -> list[Any]:
        asked = [Conversation({"mail.txt": text}) for text in ("a recipe", "an invoice") * 3]
        work = [
            asyncio.create_task(agent.ainvoke(question(), context=one))
            if face == "ainvoke"
            else asyncio.to_thread(agent.invoke, question(), context=one)
            for one in asked
        ]
        return await asyncio.gather(*work)

    told = [answers_in(state["messages"])[0].artifact["type"] for state in asyncio.run(conversations())]
    assert told == ["recipe", "invoice"] * 3
    assert not tool.documents


def test_no_attachments_text_is_stored_with_a_conversation(rules: list[Rule]) -> None:
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents={"acme.pdf": f"an invoice. {SECRET_WORDS}"})
    saver = InMemorySaver()
    config: Any = {"configurable": {"thread_id": "1"}}
    graph_of(tool, [{}], checkpointer=saver).invoke(question(), config)
    stored = repr(list(saver.list(config)))
    assert "acme.pdf" in stored
    assert SECRET_WORDS not in stored


def test_no_argument_of_the_tool_is_injected(tool: ClassifyTool) -> None:
    """What is injected a model can supply, where somebody calls the tool without a node that takes it out."""
    own = set(inspect.signature(tool._run).parameters) - {"run_manager"}
    assert own == set(tool.args) == set(tool.get_input_schema().model_fields) == {"document", "text"}
