"""An agent that is asked about attachments, and looks at what they are before it answers.

    .venv/bin/python examples/llama_index/attachment_agent.py

It runs with no key, since its language model follows a script. A real one goes in its place, in `main`.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.llms.function_calling import FunctionCallingLLM
from scripted_llm import ScriptedLLM

from classify_core import load_rules
from llama_index_classify import ClassifyToolSpec

EXAMPLES = Path(__file__).parents[1]
DOCUMENTS = EXAMPLES / "documents"
# The agent knows attachments by these names, and learns neither where they are nor of any other file.
ATTACHMENTS = {"march.pdf": DOCUMENTS / "harbour-lights-march.pdf", "loan.docx": DOCUMENTS / "sound-desk-loan.docx"}
QUESTION = f"I was sent {' and '.join(ATTACHMENTS)}. What are they?"


async def ask(agent: FunctionAgent, question: str) -> str:
    """The agent's answer; its calls of tools are printed on the way."""
    run = agent.run(user_msg=question)
    async for event in run.stream_events():
        if isinstance(event, ToolCallResult):
            arguments = ", ".join(f"{name}={value!r}" for name, value in event.tool_kwargs.items())
            print(f"tool:   {event.tool_name}({arguments})")
            print(f"told:   {event.tool_output.content}")  # `raw_output` has the whole classification
    return str(await run)


def new_agent(llm: FunctionCallingLLM) -> FunctionAgent:
    """An agent that can tell what an attachment is."""
    rules = load_rules(EXAMPLES / "rules.yaml")
    spec = ClassifyToolSpec(rules, backend="local", documents=ATTACHMENTS, on_failure="annotate")
    return FunctionAgent(tools=spec.to_tool_list(), llm=llm)


def main() -> None:
    """Asks one question."""
    llm = ScriptedLLM(names=list(ATTACHMENTS))  # yours: OpenAI(model=...), of the package llama-index-llms-openai
    print(f"user:   {QUESTION}")
    print(f"agent:  {asyncio.run(ask(new_agent(llm), QUESTION))}")


if __name__ == "__main__":
    main()
