"""Where a tool is at home: LangChain's agent, and a graph of one's own with LangGraph's node for tools."""

from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from langchain_classify import ClassifyTool
from tests.langchain.scripted_models import Arguments, CallingModel
from tests.langchain.tool_calls import invoked

QUESTION = "What is this attachment?"


def in_agent(tool: ClassifyTool, face: str, *turns: list[Arguments]) -> list[Any]:
    """The messages of a conversation with an agent."""
    agent = create_agent(CallingModel(script=list(turns)), [tool])
    return list(invoked(agent, face, question())["messages"])


def in_tool_node(tool: ClassifyTool, face: str, *turns: list[Arguments]) -> list[Any]:
    """The same with a graph of one's own, that has LangGraph's node for tools."""
    return list(invoked(graph_of(tool, *turns), face, question())["messages"])


def graph_of(tool: ClassifyTool, *turns: list[Arguments], checkpointer: Any = None) -> Any:
    model = CallingModel(script=list(turns))

    def ask(state: MessagesState) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    def onwards(state: MessagesState) -> str:
        last = state["messages"][-1]
        return "tools" if isinstance(last, AIMessage) and last.tool_calls else END

    graph = StateGraph(MessagesState)
    graph.add_node("ask", ask)
    graph.add_node("tools", ToolNode([tool]))
    graph.add_edge(START, "ask")
    graph.add_conditional_edges("ask", onwards, ["tools", END])
    graph.add_edge("tools", "ask")
    return graph.compile(checkpointer=checkpointer)


def answers_in(messages: list[Any]) -> list[ToolMessage]:
    return [message for message in messages if isinstance(message, ToolMessage)]


def question() -> dict[str, Any]:
    return {"messages": [HumanMessage(QUESTION)]}
