"""The tools in agents and in a workflow's step, with a language model that follows a script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, LLMMetadata
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool
from llama_index.core.workflow import Context, JsonSerializer, StartEvent, StopEvent, Workflow, step
from pydantic import Field

from classify_core import AuthenticationError, Rule
from classify_core.agent_answers import AgentAnswer
from llama_index_classify.tool_spec import ClassifyToolSpec
from tests.backends import HeldBackend, ScriptedBackend, until

# The framework's own: its workflows look at themselves in ways that pydantic, and they themselves, deprecate, and a
# conversation is stored without its memory.
pytestmark = [
    pytest.mark.filterwarnings("ignore:The `.*` attribute is deprecated"),
    pytest.mark.filterwarnings("ignore:Accessing the '.*' attribute on the instance is deprecated"),
    pytest.mark.filterwarnings("ignore:ServiceManager is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
]

INVOICE = "invoice (confidence 0.90): the text says invoice"
Call = tuple[str, dict[str, Any]]
"""A tool's name and its arguments."""


class CallingLLM(FunctionCallingLLM, CustomLLM):
    """Calls the tools of its script, one a turn, and then says what the last one told."""

    script: list[Call]
    offered: list[dict[str, Any]] = Field(default_factory=list)
    turns: list[list[str]] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(is_function_calling_model=True, is_chat_model=True)

    def _prepare_chat_with_tools(
        self, tools: Sequence[BaseTool], chat_history: list[ChatMessage] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        self.offered = [tool.metadata.to_openai_tool() for tool in tools]
        return {"messages": chat_history or []}

    def get_tool_calls_from_response(self, response: ChatResponse, **kwargs: Any) -> list[ToolSelection]:
        return list(response.message.additional_kwargs.get("calls", []))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._turn(messages)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        async def turns() -> Any:
            yield self._turn(messages)

        return turns()

    def _turn(self, messages: Sequence[ChatMessage]) -> ChatResponse:
        self.turns.append([str(message.content) for message in messages])
        place = len(self.turns) - 1
        if place >= len(self.script):
            return ChatResponse(message=ChatMessage(role="assistant", content=f"It says: {messages[-1].content}"))
        name, arguments = self.script[place]
        call = ToolSelection(tool_id=f"call-{place}", tool_name=name, tool_kwargs=arguments)
        return ChatResponse(message=ChatMessage(role="assistant", content="", additional_kwargs={"calls": [call]}))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - as the framework declares it
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - as the framework declares it
        raise NotImplementedError


class ReasoningLLM(CustomLLM):
    """The same in words, as a ReAct agent reads them."""

    script: list[Call]
    turns: list[str] = Field(default_factory=list)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - as the framework declares it
        self.turns.append(prompt)
        place = len(self.turns) - 1
        if place >= len(self.script):
            told = prompt.rpartition("Observation: ")[2].partition("\n")[0]
            return CompletionResponse(text=f"Thought: I can answer now.\nAnswer: It says: {told}")
        name, arguments = self.script[place]
        action = f"Thought: I have to look.\nAction: {name}\nAction Input: {json.dumps(arguments)}"
        return CompletionResponse(text=action)

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:  # noqa: FBT001, FBT002 - as the framework declares it
        yield self.complete(prompt)


def function_agent(spec: ClassifyToolSpec, script: list[Call]) -> FunctionAgent:
    return FunctionAgent(tools=spec.to_tool_list(), llm=CallingLLM(script=script))


def react_agent(spec: ClassifyToolSpec, script: list[Call]) -> ReActAgent:
    return ReActAgent(tools=spec.to_tool_list(), llm=ReasoningLLM(script=script))


every_agent = pytest.mark.parametrize("make", [function_agent, react_agent])


@pytest.fixture
def spec(rules: list[Rule]) -> ClassifyToolSpec:
    return ClassifyToolSpec(rules, backend=ScriptedBackend(), documents={"acme.pdf": "an invoice"})


async def awaited(handler: Any) -> Any:
    """A run as a coroutine, so that a task of ours tells whether it is done: the handler's own way changed."""
    return await handler


def results_of(output: Any) -> list[ToolCallResult]:
    return [call for call in output.tool_calls if isinstance(call, ToolCallResult)]


@every_agent
async def test_an_agent_asks_what_an_attachment_is_and_says_it(spec: ClassifyToolSpec, make: Any) -> None:
    agent = make(spec, [("classify_document", {"name": "acme.pdf"})])
    output = await agent.run(user_msg="What is acme.pdf?")
    assert str(output).strip() == f"It says: {INVOICE}"
    [result] = results_of(output)
    assert result.tool_output.raw_output.classification.type == "invoice"


@every_agent
async def test_an_agent_passes_a_text_on(spec: ClassifyToolSpec, make: Any) -> None:
    agent = make(spec, [("classify_text", {"text": "take 3 eggs, says the recipe"})])
    assert "recipe (confidence 0.90)" in str(await agent.run(user_msg="What is this? take 3 eggs, says the recipe"))


@every_agent
async def test_an_agent_that_errs_is_told_and_finds_the_right_name(spec: ClassifyToolSpec, make: Any) -> None:
    script = [("classify_document", {"name": "acme"}), ("classify_document", {"name": "acme.pdf"})]
    output = await make(spec, script).run(user_msg="What is acme?")
    first, second = results_of(output)
    assert first.tool_output.content.endswith("The attachments are: 'acme.pdf'.")
    assert not first.tool_output.is_error
    assert second.tool_output.content == INVOICE


@every_agent
async def test_an_agent_reads_files_within_the_root_and_none_outside(
    rules: list[Rule], make: Any, tmp_path: Any
) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "acme.txt").write_text("an invoice")
    (tmp_path / "secret.txt").write_text("a recipe")
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), root=tmp_path / "inbox")
    names = ["../secret.txt", str(tmp_path / "secret.txt"), "missing.txt", "acme.txt"]
    output = await make(spec, [("classify_document", {"name": name}) for name in names]).run(user_msg="Look around.")
    told = [result.tool_output.content for result in results_of(output)]
    assert len(set(told[:3])) == 1
    assert told[0].startswith("There is no file of that name.")
    assert told[3] == INVOICE


@every_agent
async def test_an_agent_with_hundreds_of_types_is_offered_a_description_that_fits(make: Any) -> None:
    rules = [Rule(type=f"kind-{number:04d}", description="A numbered kind.") for number in range(900)]
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(), documents={"acme.pdf": "kind-0899"})
    agent = make(spec, [("classify_document", {"name": "acme.pdf"})])
    assert "kind-0899 (confidence 0.90)" in str(await agent.run(user_msg="What is acme.pdf?"))
    offered = str(agent.llm.offered if isinstance(agent.llm, CallingLLM) else agent.llm.turns[0])
    assert "kind-0000, kind-0001" in offered
    assert "more." in offered


@every_agent
async def test_a_fault_of_the_service_reaches_the_program_as_our_error(rules: list[Rule], make: Any) -> None:
    spec = ClassifyToolSpec(rules, backend=ScriptedBackend(lambda text: AuthenticationError("the key is wrong")))
    output = await make(spec, [("classify_text", {"text": "an invoice"})]).run(user_msg="What is this?")
    [result] = results_of(output)
    assert result.tool_output.is_error
    assert result.tool_output.content.endswith("the key is wrong")
    if hasattr(result.tool_output, "exception"):  # not in 0.13.0
        assert isinstance(result.tool_output.exception, AuthenticationError)


@every_agent
async def test_a_conversation_can_be_stored_and_its_answers_read_again(spec: ClassifyToolSpec, make: Any) -> None:
    agent = make(spec, [("classify_document", {"name": "acme.pdf"})])
    context = Context(agent)
    output = await agent.run(user_msg="What is acme.pdf?", ctx=context)
    [result] = results_of(output)
    stored = JsonSerializer().serialize(result)
    again = JsonSerializer().deserialize(stored)
    assert AgentAnswer.model_validate(again.tool_output.raw_output) == result.tool_output.raw_output
    assert json.dumps(context.to_dict(serializer=JsonSerializer()))


@every_agent
async def test_the_agent_s_loop_runs_on_while_a_document_is_classified(rules: list[Rule], make: Any) -> None:
    backend = HeldBackend()
    spec = ClassifyToolSpec(rules, backend=backend, documents={"acme.pdf": "an invoice"})
    agent = make(spec, [("classify_document", {"name": "acme.pdf"})])
    running = asyncio.create_task(awaited(agent.run(user_msg="What is acme.pdf?")))
    await until(backend.begun.is_set)
    assert not running.done()
    backend.release.set()
    assert INVOICE in str(await running)


async def test_several_agents_share_one_spec(spec: ClassifyToolSpec) -> None:
    makes: list[Any] = [function_agent, react_agent] * 3
    agents = [make(spec, [("classify_document", {"name": "acme.pdf"})]) for make in makes]
    outputs = await asyncio.gather(*(awaited(agent.run(user_msg="What is acme.pdf?")) for agent in agents))
    assert [INVOICE in str(output) for output in outputs] == [True] * 6


async def test_an_agent_workflow_takes_the_tools(spec: ClassifyToolSpec) -> None:
    workflow = AgentWorkflow(agents=[function_agent(spec, [("classify_document", {"name": "acme.pdf"})])])
    assert INVOICE in str(await workflow.run(user_msg="What is acme.pdf?"))


class Triage(Workflow):
    """Asks the tool in a step of its own, without a language model."""

    def __init__(self, spec: ClassifyToolSpec, *, is_synchronous: bool) -> None:
        super().__init__(timeout=60)
        self.tool = spec.to_tool_list()[0]
        self.is_synchronous = is_synchronous

    @step
    async def classify(self, event: StartEvent) -> StopEvent:
        name = event.get("name")
        output = self.tool.call(name=name) if self.is_synchronous else await self.tool.acall(name=name)
        answer = output.raw_output
        return StopEvent(result=str(answer) if answer.classification is None else answer.classification.type)


@pytest.mark.parametrize("kind", ["call", "acall"])
async def test_a_workflow_s_step_branches_on_the_classification(spec: ClassifyToolSpec, kind: str) -> None:
    triage = Triage(spec, is_synchronous=kind == "call")
    assert await triage.run(name="acme.pdf") == "invoice"
    assert "no attachment" in await triage.run(name="acme")


async def test_a_workflow_s_other_steps_run_on_while_a_tool_is_awaited(rules: list[Rule]) -> None:
    backend = HeldBackend()
    spec = ClassifyToolSpec(rules, backend=backend, documents={"acme.pdf": "an invoice", "b.pdf": "a recipe"})
    triage = Triage(spec, is_synchronous=False)
    running = [asyncio.create_task(awaited(triage.run(name=name))) for name in ("acme.pdf", "b.pdf")]
    await until(backend.begun.is_set)
    assert "no attachment" in await triage.run(name="c.pdf")  # while the others wait
    assert not any(one.done() for one in running)
    backend.release.set()
    assert [await one for one in running] == ["invoice", "recipe"]
