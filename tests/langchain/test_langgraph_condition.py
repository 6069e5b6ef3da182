"""`type_condition` as the conditional edge of a real, compiled LangGraph graph."""

from __future__ import annotations

import asyncio
import inspect
import logging
from dataclasses import dataclass
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command
from pydantic import BaseModel

from classify_core import Classification, Rule
from langchain_classify import ClassifyRunnable
from langchain_classify.routing import TypeCondition, type_condition
from tests.backends import ScriptedBackend
from tests.langchain.helpers import fails_on
from tests.langchain.routed import FAILED, INVOICE, NO_MATCH, RECIPE, WITHHELD, labelled


class DictState(TypedDict, total=False):
    document: Any
    classification: Any
    taken: str


@dataclass
class DataState:
    document: Any = None
    classification: Any = None
    taken: str = ""


class ModelState(BaseModel):
    document: Any = None
    classification: Any = None
    taken: str = ""


STATES = pytest.mark.parametrize("state", [DictState, DataState, ModelState])
FACES = pytest.mark.parametrize("face", ["sync", "async"])


def condition(**options: Any) -> TypeCondition:
    nodes = {"invoice": "extract", "recipe": "cook"}
    return type_condition(nodes, **{"default": "store", "review": "ask"} | options)


def compiled(classify: Any, edge: TypeCondition, *, state: Any = DictState, **options: Any) -> Any:
    """A graph that classifies, routes, and notes the node that it came to."""
    graph = StateGraph(state)
    graph.add_node("classify", classify)
    graph.add_edge(START, "classify")
    for node in ("extract", "cook", "store", "ask"):
        graph.add_node(node, lambda _, node=node: {"taken": node})
        graph.add_edge(node, END)
    graph.add_conditional_edges("classify", edge, edge.path_map)
    return graph.compile(**options)


def giving(value: Any) -> Any:
    return lambda _: {"classification": value}


def run(face: str, graph: Any, *args: Any) -> Any:
    return graph.invoke(*args) if face == "sync" else asyncio.run(graph.ainvoke(*args))


@FACES
@STATES
@pytest.mark.parametrize(
    ("value", "node"), [(INVOICE, "extract"), (RECIPE, "cook"), (NO_MATCH, "store"), (WITHHELD, "ask"), (FAILED, "ask")]
)
@pytest.mark.parametrize("form", ["object", "json", "document", "documents"])
def test_a_graph_goes_on_at_the_node_of_the_type(face: str, state: Any, value: Any, node: str, form: str) -> None:
    held = {
        "object": value,
        "json": value.model_dump(mode="json"),
        "document": labelled(value),
        "documents": [labelled(value, "page 1"), labelled(value, "page 2")],
    }[form]
    assert run(face, compiled(giving(held), condition(), state=state), {"document": "x"})["taken"] == node


@FACES
def test_a_runnable_of_ours_may_be_in_the_node(face: str, rules: list[Rule]) -> None:
    step = ClassifyRunnable(rules, backend=fails_on("broken"), on_failure="annotate")

    def classify(state: DictState) -> DictState:
        return {"classification": step.invoke(state["document"]).model_dump(mode="json")}

    graph = compiled(classify, condition(rules=rules))
    nodes = [run(face, graph, {"document": text})["taken"] for text in ("an invoice", "a recipe", "broken", "neither")]
    assert nodes == ["extract", "cook", "ask", "store"]


@FACES
def test_a_graph_that_a_checkpointer_stopped_goes_on_without_a_warning(
    face: str, caplog: pytest.LogCaptureFixture, rules: list[Rule]
) -> None:
    caplog.set_level(logging.WARNING)
    saver = InMemorySaver()
    step = ClassifyRunnable(rules, backend=ScriptedBackend())

    def classify(state: DictState) -> DictState:
        return {"classification": step.invoke(state["document"]).model_dump(mode="json")}

    config = {"configurable": {"thread_id": "1"}}
    edge = condition()
    stopped = compiled(classify, edge, checkpointer=saver, interrupt_after=["classify"])
    assert "taken" not in run(face, stopped, {"document": "an invoice"}, config)
    # Another object, as after a restart: nothing but the checkpoint tells the type.
    resumed = compiled(giving(None), edge, checkpointer=saver)
    assert run(face, resumed, None, config)["taken"] == "extract"
    assert not caplog.records


OURS = [("classify_core.classification", name) for name in ("Classification", "Status")]


@pytest.mark.skipif(
    "allowed_msgpack_modules" not in inspect.signature(JsonPlusSerializer).parameters,
    reason="this version of LangGraph's checkpoints restores every class",
)
@FACES
@pytest.mark.parametrize(("allowed", "restored"), [(None, dict), (OURS, Classification)])
def test_a_classification_itself_is_understood_however_a_checkpointer_restores_it(
    face: str, allowed: Any, restored: type
) -> None:
    saver = InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=allowed))
    config = {"configurable": {"thread_id": "1"}}
    stopped = compiled(giving(WITHHELD), condition(), checkpointer=saver, interrupt_after=["classify"])
    run(face, stopped, {"document": "x"}, config)
    held = stopped.get_state(config).values
    assert type(held["classification"]) is restored
    assert condition()(held) == "ask"


def test_the_drawn_graph_has_the_edges_of_the_condition_and_no_other() -> None:
    drawn = compiled(giving(INVOICE), condition(default=END)).get_graph()
    ways = {edge.target for edge in drawn.edges if edge.source == "classify"}
    assert ways == {"extract", "cook", "ask", END}
    assert all(edge.conditional for edge in drawn.edges if edge.source == "classify")


@FACES
def test_the_end_may_be_next(face: str) -> None:
    found = run(face, compiled(giving(NO_MATCH), condition(default=END)), {"document": "x"})
    assert "taken" not in found


@FACES
def test_without_a_path_map_it_names_the_nodes_themselves(face: str) -> None:
    graph = StateGraph(DictState)
    graph.add_node("cook", lambda _: {"taken": "cook"})
    graph.add_conditional_edges(START, condition())
    assert run(face, graph.compile(), {"classification": RECIPE})["taken"] == "cook"


@FACES
def test_a_command_may_take_its_word(face: str) -> None:
    edge = condition()

    def classify(state: DictState) -> Command[str]:
        return Command(goto=edge({"classification": RECIPE}), update={"classification": None})

    graph = StateGraph(DictState)
    graph.add_node("classify", classify, destinations=tuple(edge.path_map))
    for node in edge.path_map:
        graph.add_node(node, lambda _, node=node: {"taken": node})
    graph.add_edge(START, "classify")
    assert run(face, graph.compile(), {})["taken"] == "cook"


def test_one_node_may_have_a_condition_for_each_of_two_classifications() -> None:
    graph = StateGraph(DictState)
    graph.add_node("classify", lambda state: {"classification": RECIPE, "document": INVOICE})
    for node in ("extract", "cook", "store", "ask"):
        graph.add_node(node, lambda state: {})
    graph.add_edge(START, "classify")
    for edge in (condition(), condition(key="document")):
        graph.add_conditional_edges("classify", edge, edge.path_map)
    passed = [node for step in graph.compile().stream({}) for node in step]
    assert sorted(passed) == ["classify", "cook", "extract"]
