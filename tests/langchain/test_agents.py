"""The tool in LangChain's agents and in LangGraph's tool node, with a chat model that follows a script."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode

from classify_core import AuthenticationError, Classification, InvalidResponseError, Rule, UnreadableDocumentError
from langchain_classify import ClassifyTool
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.agent_homes import answers_in, in_agent, in_tool_node, question
from tests.langchain.helpers import SECRET_WORDS, Recorder, fails_on
from tests.langchain.scripted_models import Arguments, CallingModel
from tests.langchain.tool_calls import every_face, invoked, tool_call

INVOICE = "invoice (confidence 0.90): the text says invoice"


@pytest.fixture
def tool(rules: list[Rule]) -> ClassifyTool:
    return ClassifyTool(rules, backend=ScriptedBackend(), documents={"acme.pdf": "an invoice"})


every_home = pytest.mark.parametrize("home", [in_agent, in_tool_node])


@every_home
@every_face
def test_an_agent_asks_what_the_attachment_is_and_says_it(face: str, home: Any, tool: ClassifyTool) -> None:
    messages = home(tool, face, [{"document": "acme.pdf"}])
    assert messages[-1].content == f"It says: {INVOICE}"
    [answer] = answers_in(messages)
    assert (answer.content, answer.status) == (INVOICE, "success")
    assert Classification.model_validate(answer.artifact).source_name == "acme.pdf"


@every_home
@every_face
def test_a_model_that_gives_no_argument_gets_the_only_attachment(face: str, home: Any, tool: ClassifyTool) -> None:
    assert home(tool, face, [{}])[-1].content == f"It says: {INVOICE}"


@every_home
@every_face
def test_a_model_that_errs_is_told_the_names_and_finds_the_right_one(face: str, home: Any, rules: list[Rule]) -> None:
    documents: dict[str, Any] = {"acme.pdf": "an invoice", "cake.txt": "a recipe"}
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=documents)
    messages = home(tool, face, [{}], [{"document": "invoice"}], [{"document": "'ACME.pdf'"}])
    first, second, third = answers_in(messages)
    assert "The attachments are: 'acme.pdf', 'cake.txt'." in first.content
    assert "The attachments are: 'acme.pdf', 'cake.txt'." in second.content
    assert [one.status for one in (first, second, third)] == ["error", "error", "success"]
    assert messages[-1].content == f"It says: {INVOICE}"


@every_home
@every_face
def test_calls_at_once_in_one_message_are_answered_each_for_itself(face: str, home: Any, rules: list[Rule]) -> None:
    names = [f"{rule.type}-{number}.pdf" for rule in rules for number in (1, 2)]
    documents: dict[str, Any] = {name: name.replace("-", " ") for name in names}
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=documents)
    calls: list[Arguments] = [*({"document": name} for name in documents), {"document": "x"}, {"text": "the recipe"}]
    answers = answers_in(home(tool, face, calls))
    assert [answer.tool_call_id for answer in answers] == [f"call-0-{place}" for place in range(len(calls))]
    assert [answer.status for answer in answers] == ["success"] * 4 + ["error", "success"]
    found = [answer.artifact["source_name"] for answer in answers[:4]]
    assert found == list(documents)
    types = [answer.artifact["type"] for answer in answers if answer.artifact is not None]
    assert types == [*(name.partition("-")[0] for name in documents), "recipe"]


@every_home
@every_face
def test_an_agent_reads_files_within_the_root_and_none_outside(
    face: str, home: Any, rules: list[Rule], tmp_path: Path
) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "acme.txt").write_text("an invoice")
    (tmp_path / "secret.txt").write_text("a recipe")
    tool = ClassifyTool(rules, backend=ScriptedBackend(), root=tmp_path / "inbox")
    names = ["../secret.txt", str(tmp_path / "secret.txt"), "missing.txt", "acme.txt"]
    answers = answers_in(home(tool, face, *([{"document": name}] for name in names)))
    assert len({answer.content for answer in answers[:3]}) == 1
    assert str(answers[0].content).startswith("There is no file of that name.")
    assert answers[3].content == INVOICE


@every_home
@every_face
def test_what_a_model_supplies_for_what_is_not_its_to_decide_has_no_effect(
    face: str, home: Any, tool: ClassifyTool, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("a recipe")
    supplied: Arguments = {
        "root": str(tmp_path),
        "documents": {"secret.txt": "a recipe"},
        "classifier": None,
        "rules": [],
        "api_key": "llx-the-model-s-own",
        "on_failure": "annotate",
        "run_manager": "mine",
        "config": {"configurable": {"root": str(tmp_path)}},
        "state": {},
        "runtime": {},
        "tool_call_id": "another",
    }
    calls = [{"document": "secret.txt", **supplied}, {"document": "acme.pdf", **supplied}]
    refused, answered = answers_in(home(tool, face, calls))
    assert (refused.status, refused.artifact) == ("error", None)
    assert (answered.content, answered.tool_call_id) == (INVOICE, "call-0-1")


@every_home
@every_face
@pytest.mark.parametrize("fault", [AuthenticationError, InvalidResponseError])
def test_a_fault_of_the_service_ends_the_run_as_our_error_and_is_not_told_to_the_model(
    face: str, home: Any, fault: Any, rules: list[Rule]
) -> None:
    tool = ClassifyTool(rules, backend=fails_on("invoice", fault), documents={"acme.pdf": "an invoice"})
    with pytest.raises(fault, match=r"acme\.pdf"):
        home(tool, face, [{}])


@every_home
@every_face
def test_annotated_the_run_goes_on_and_the_model_says_what_happened(face: str, home: Any, rules: list[Rule]) -> None:
    backend = fails_on("invoice", AuthenticationError)
    tool = ClassifyTool(rules, backend=backend, documents={"acme.pdf": "an invoice"}, on_failure="annotate")
    messages = home(tool, face, [{}])
    assert str(messages[-1].content).startswith("It says: could not be classified (failed): document 'acme.pdf'")
    assert answers_in(messages)[0].artifact["status"] == "failed"


@every_face
def test_an_agent_that_tells_its_model_of_errors_tells_no_place(face: str, rules: list[Rule], tmp_path: Path) -> None:
    documents = {"acme.pdf": tmp_path / "missing.pdf"}
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=documents)
    graph = StateGraph(MessagesState)
    graph.add_node("tools", ToolNode([tool], handle_tool_errors=(UnreadableDocumentError,)))
    graph.add_edge(START, "tools")
    call = AIMessage("", tool_calls=[tool_call(tool.name, document="acme.pdf")])
    [answer] = answers_in(invoked(graph.compile(), face, {"messages": [call]})["messages"])
    assert "there is no file missing.pdf" in answer.content
    assert str(tmp_path) not in str(answer)


def test_a_model_is_offered_a_description_that_fits_whatever_the_rules() -> None:
    rules = [Rule(type=f"kind-{number:04d}", description="A numbered kind.") for number in range(900)]
    model = CallingModel(script=[[{}]])
    agent = create_agent(model, [ClassifyTool(rules, backend=ScriptedBackend(), documents={"a.pdf": "kind-0899"})])
    assert "kind-0899 (confidence 0.90)" in agent.invoke(question())["messages"][-1].content
    [offered] = [offer["function"] for offer in model.offered]
    assert "kind-0000, kind-0001" in offered["description"]
    assert len(offered["description"]) <= 1024


async def test_the_agents_loop_runs_on_while_a_document_is_classified(rules: list[Rule]) -> None:
    backend = HeldBackend()
    tool = ClassifyTool(rules, backend=backend, documents={"acme.pdf": "an invoice"})
    agent = create_agent(CallingModel(script=[[{}]]), [tool])
    running = asyncio.create_task(agent.ainvoke(question()))
    await until(backend.begun.is_set)
    assert not running.done()
    backend.release.set()
    assert (await running)["messages"][-1].content == f"It says: {INVOICE}"


@every_home
@every_face
def test_an_attachment_that_is_asked_for_again_is_not_classified_again(face: str, home: Any, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    tool = ClassifyTool(rules, backend=backend, documents={"acme.pdf": "an invoice"})
    assert len(answers_in(home(tool, face, [{}, {}], [{}]))) == 3
    assert backend.asked.total() == 1


@every_face
def test_the_tools_own_run_in_an_agents_trace_shows_names_and_no_texts(face: str, rules: list[Rule]) -> None:
    documents = {"acme.pdf": f"an invoice. {SECRET_WORDS}"}
    tool = ClassifyTool(rules, backend=ScriptedBackend(), documents=documents)
    agent = create_agent(CallingModel(script=[[{"document": "`acme.pdf`"}, {"text": SECRET_WORDS}]]), [tool])
    recorder = Recorder()
    invoked(agent, face, question(), {"callbacks": [recorder]})
    runs = recorder.named(tool.name)
    assert len(runs) == 2
    assert "{'document': 'acme.pdf'}" in recorder.told(tool.name)
    assert SECRET_WORDS not in recorder.told(tool.name)
