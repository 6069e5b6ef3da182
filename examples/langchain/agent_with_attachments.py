"""An agent that is asked about attachments, and looks at what they are before it answers.

    .venv/bin/pip install langchain
    .venv/bin/python examples/langchain/agent_with_attachments.py

It runs with no key, since its chat model follows a script. A real one goes in its place, in `main`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from scripted_chat_model import ScriptedChatModel

from classify_core import Classification, load_rules
from langchain_classify import ClassifyTool

try:
    from langchain.agents import create_agent
except ModuleNotFoundError as missing:
    if not str(missing.name).startswith("langchain"):
        raise
    sys.exit("LangChain's agents are a package of their own; install it with: pip install langchain")

EXAMPLES = Path(__file__).parents[1]
DOCUMENTS = EXAMPLES / "documents"
# The agent knows attachments by these names, and learns neither where they are nor of any other file.
ATTACHMENTS = {"march.pdf": DOCUMENTS / "harbour-lights-march.pdf", "loan.docx": DOCUMENTS / "sound-desk-loan.docx"}
QUESTION = f"I was sent {' and '.join(ATTACHMENTS)}. What are they?"


def new_agent(model: BaseChatModel) -> Any:
    """An agent that can tell what an attachment is."""
    rules = load_rules(EXAMPLES / "rules.yaml")
    tool = ClassifyTool(rules, backend="local", documents=ATTACHMENTS, on_failure="annotate")
    return create_agent(model, [tool])


def show(message: BaseMessage) -> None:
    """Prints one step of the conversation; the program gets more from a tool than the model does."""
    if isinstance(message, ToolMessage):
        found = Classification.model_validate(message.artifact)
        print(f"told:   {message.content}")
        print(f"kept:   {found.type} by {found.backend}, sha256 {(found.digest or '')[:12]}")
    elif isinstance(message, AIMessage):
        for call in message.tool_calls:
            arguments = ", ".join(f"{name}={value!r}" for name, value in call["args"].items())
            print(f"tool:   {call['name']}({arguments})")
        if message.text:
            print(f"agent:  {message.text}")


def main() -> None:
    """Asks one question."""
    model = ScriptedChatModel(names=list(ATTACHMENTS))  # yours: ChatOpenAI(model=...), of the package langchain-openai
    print(f"user:   {QUESTION}")
    for step in new_agent(model).stream({"messages": [HumanMessage(QUESTION)]}, stream_mode="updates"):
        for update in step.values():
            for message in update["messages"]:
                show(message)


if __name__ == "__main__":
    main()
