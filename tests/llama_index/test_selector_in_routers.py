"""The selector in the framework's own routers."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.base.base_selector import SelectorResult
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RouterQueryEngine
from llama_index.core.retrievers import RouterRetriever
from llama_index.core.schema import Document
from llama_index.core.tools import QueryEngineTool, RetrieverTool

from classify_core import Rule
from llama_index_classify.selector import ClassifySelector
from tests.backends import ScriptedBackend

NAMES = ["everything", "invoice", "recipe"]


@pytest.fixture
def selector(rules: list[Rule]) -> ClassifySelector:
    return ClassifySelector(rules, backend=ScriptedBackend(), fallback="everything")


@pytest.fixture
def indices(embedding: MockEmbedding) -> dict[str, VectorStoreIndex]:
    """One index a tool, each with one document that bears its name."""
    return {
        name: VectorStoreIndex.from_documents([Document(id_=name, text=f"of {name}")], embed_model=embedding)
        for name in NAMES
    }


@pytest.fixture
def engines(indices: dict[str, VectorStoreIndex]) -> list[QueryEngineTool]:
    return [
        QueryEngineTool.from_defaults(index.as_query_engine(llm=MockLLM()), name=name, description="documents")
        for name, index in indices.items()
    ]


@pytest.mark.parametrize(
    ("question", "expected"), [("an invoice?", "invoice"), ("a recipe?", "recipe"), ("hm?", "everything")]
)
async def test_a_router_answers_from_the_tool_of_the_questions_type(
    selector: ClassifySelector, engines: list[QueryEngineTool], question: str, expected: str
) -> None:
    engine = RouterQueryEngine(selector=selector, query_engine_tools=engines, llm=MockLLM())
    for response in (engine.query(question), await engine.aquery(question)):
        assert [one.node.get_content() for one in response.source_nodes] == [f"of {expected}"]
        told = (response.metadata or {})["selector_result"]
        assert isinstance(told, SelectorResult)
        assert told.ind == NAMES.index(expected)
        assert told.reason


@pytest.mark.parametrize(("question", "expected"), [("an invoice?", "invoice"), ("hm?", "everything")])
async def test_a_routed_retriever_is_that_of_the_questions_type(
    selector: ClassifySelector, indices: dict[str, VectorStoreIndex], question: str, expected: str
) -> None:
    tools = [
        RetrieverTool.from_defaults(index.as_retriever(), name=name, description="documents")
        for name, index in indices.items()
    ]
    retriever = RouterRetriever(selector=selector, retriever_tools=tools, llm=MockLLM())
    for found in (retriever.retrieve(question), await retriever.aretrieve(question)):
        assert [one.node.get_content() for one in found] == [f"of {expected}"]


def test_a_router_never_asks_the_model_that_it_demands(
    selector: ClassifySelector, engines: list[QueryEngineTool]
) -> None:
    class SilentLLM(MockLLM):
        def complete(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError("a selector that classifies needs no model")

        chat = complete

    engine = RouterQueryEngine(selector=selector, query_engine_tools=engines, llm=SilentLLM())
    assert engine.query("an invoice?").source_nodes[0].node.get_content() == "of invoice"
    assert not [name for name in engine.get_prompts() if name.startswith("selector")]
