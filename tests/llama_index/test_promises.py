"""Promises that span several parts: many event loops, a loop that is running, worker processes, answers of nothing.

What concerns one part alone is held where that part's tests are.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine, RouterQueryEngine
from llama_index.core.schema import Document
from llama_index.core.tools import QueryEngineTool

from classify_core import Classifier, LocalBackend, Rule
from llama_index_classify import (
    ClassifyPostprocessor,
    ClassifyReader,
    ClassifySelector,
    ClassifyToolSpec,
    ClassifyTransform,
    EmbeddingEngine,
    IngestionRouter,
    LLMEngine,
    type_filters,
)
from tests.backends import ScriptedBackend
from tests.llama_index.classifying_llms import CompletingLLM, reply
from tests.llama_index.parts import fails_on, splitter
from tests.llama_index.reader_parts import pdf_of
from tests.llama_index.routing_parts import Collected
from tests.service import ClassifyService

BILL = "invoice number 7: 2 lamps and a chair"
ROUNDS = 3


@pytest.fixture
def hosted(rules: list[Rule], service: ClassifyService) -> Classifier:
    """A classifier that asks the service each time."""
    return Classifier(rules, backend="hosted", api_key=service.api_key, base_url=service.base_url, cache=False)


@pytest.fixture
def index(documents: list[Document], embedding: MockEmbedding) -> VectorStoreIndex:
    """Unlabelled documents."""
    return VectorStoreIndex.from_documents(documents, embed_model=embedding, transformations=[splitter(400)])


def engine(index: VectorStoreIndex, postprocessor: ClassifyPostprocessor) -> RetrieverQueryEngine:
    query_engine = index.as_query_engine(llm=MockLLM(), node_postprocessors=[postprocessor], similarity_top_k=10)
    assert isinstance(query_engine, RetrieverQueryEngine)
    return query_engine


def routed(index: VectorStoreIndex, selector: ClassifySelector) -> RouterQueryEngine:
    tools = [
        QueryEngineTool.from_defaults(index.as_query_engine(llm=MockLLM()), name=name, description=name)
        for name in ("everything", "invoice")
    ]
    return RouterQueryEngine(selector=selector, query_engine_tools=tools, llm=MockLLM())


def chosen(response: Any) -> int:
    return int(response.metadata["selector_result"].ind)


# 18, 19. One object in many event loops, one after the other, and in a loop that is running.


def test_one_transform_and_router_serve_many_loops_one_after_the_other(
    hosted: Classifier, documents: list[Document]
) -> None:
    pipeline = IngestionPipeline(transformations=[ClassifyTransform(classifier=hosted)], disable_cache=True)
    bills, others = Collected(), Collected()
    router = IngestionRouter({"invoice": bills}, default=others, classifier=hosted)
    with hosted:
        for _ in range(ROUNDS):
            nodes = asyncio.run(pipeline.arun(documents=documents))
            assert [node.metadata["classify_type"] for node in nodes] == ["invoice", "recipe", "uncategorized"]
            assert asyncio.run(router.arun(documents=documents)).is_complete
        assert len(pipeline.run(documents=documents)) == len(documents)
    assert (bills.calls, others.calls) == ([["bill"]] * ROUNDS, [["cake", "poem"]] * ROUNDS)


def test_one_postprocessor_selector_and_tool_serve_many_loops_one_after_the_other(
    hosted: Classifier, index: VectorStoreIndex
) -> None:
    kept = engine(index, ClassifyPostprocessor(classifier=hosted, keep_types=["recipe"]))
    router = routed(index, ClassifySelector(classifier=hosted, fallback="everything"))
    [tool, _] = ClassifyToolSpec(classifier=hosted, documents={"acme.txt": BILL}).to_tool_list()
    with hosted:
        for _ in range(ROUNDS):
            assert {one.node.ref_doc_id for one in asyncio.run(kept.aquery("which?")).source_nodes} == {"cake"}
            assert chosen(asyncio.run(router.aquery("an invoice?"))) == 1
            assert asyncio.run(tool.acall(name="acme.txt")).content.startswith("invoice")
        assert {one.node.ref_doc_id for one in kept.query("which?").source_nodes} == {"cake"}
        assert chosen(router.query("an invoice?")) == 1
        assert tool.call(name="acme.txt").content.startswith("invoice")


async def test_synchronous_queries_and_routes_work_inside_a_running_loop(
    hosted: Classifier, index: VectorStoreIndex, documents: list[Document]
) -> None:
    bills, others = Collected(), Collected()
    with hosted:
        report = IngestionRouter({"invoice": bills}, default=others, classifier=hosted).run(documents=documents)
        assert report.is_complete
        kept = engine(index, ClassifyPostprocessor(classifier=hosted, keep_types=["recipe"])).query("which?")
        assert {one.node.ref_doc_id for one in kept.source_nodes} == {"cake"}
        router = routed(index, ClassifySelector(classifier=hosted, fallback="everything"))
        assert chosen(router.query("an invoice?")) == 1
    assert (bills.calls, others.calls) == ([["bill"]], [["cake", "poem"]])


# 8, 9. Engines of the user's own models travel to worker processes.


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (LocalBackend(LLMEngine(CompletingLLM(replies=[reply()]))), "invoice"),
        (LocalBackend(EmbeddingEngine(MockEmbedding(embed_dim=4))), "uncategorized"),  # it finds all texts equal
    ],
    ids=["llm", "embedding"],
)
def test_workers_decide_with_the_same_model_as_here(backend: LocalBackend, expected: str, rules: list[Rule]) -> None:
    pipeline = IngestionPipeline(transformations=[ClassifyTransform(rules, backend=backend)], disable_cache=True)
    documents = [Document(id_=str(number), text=f"{BILL}, order {number}") for number in range(2)]
    alone = pipeline.run(documents=documents)
    together = pipeline.run(documents=documents, num_workers=2)
    assert [(node.node_id, node.metadata) for node in together] == [(node.node_id, node.metadata) for node in alone]
    assert [node.metadata["classify_type"] for node in together] == [expected] * 2
    assert {node.metadata["classify_backend"] for node in together} == {backend.name}


# One classification a document, from the file to the query.


def test_from_a_pdf_s_pages_to_the_query_each_file_is_classified_once(
    rules: list[Rule], tmp_path: Path, embedding: MockEmbedding
) -> None:
    (tmp_path / "acme.pdf").write_bytes(pdf_of("an invoice number", "line items", "the total amount due"))
    (tmp_path / "cake.pdf").write_bytes(pdf_of("a recipe", "with 3 eggs"))
    asked = Counter[str]()

    def noted(text: str) -> None:
        asked[text] += 1

    step = ClassifyTransform(rules, backend=ScriptedBackend(noted))
    pages = SimpleDirectoryReader(str(tmp_path)).load_data()
    assert len(pages) == 5
    nodes = IngestionPipeline(transformations=[step, splitter()], disable_cache=True).run(documents=pages)
    index = VectorStoreIndex(nodes, embed_model=embedding)
    hits = index.as_retriever(filters=type_filters("invoice", rules=rules), similarity_top_k=10).retrieve(
        "what is due?"
    )
    assert {hit.node.metadata["page_label"] for hit in hits} == {"1", "2", "3"}
    again = ClassifyPostprocessor(classifier=step.classifier).postprocess_nodes(hits)
    assert [one.metadata["classify_type"] for one in again] == ["invoice"] * 3
    assert sorted(asked.values()) == [1, 1]


# Answers of nothing are answers.


async def test_a_query_of_which_nothing_remains_is_answered_and_raises_nothing(
    index: VectorStoreIndex, rules: list[Rule]
) -> None:
    rules = [*rules, Rule(type="contract", description="an agreement between parties with clauses")]
    only_contracts = ClassifyPostprocessor(rules, backend=ScriptedBackend(), keep_types=["contract"], boost={})
    for response in (engine(index, only_contracts).query("who?"), await engine(index, only_contracts).aquery("who?")):
        assert response.source_nodes == []


async def test_nothing_given_is_nothing_done_in_every_part(rules: list[Rule], tmp_path: Path) -> None:
    backend = ScriptedBackend()
    options: dict[str, Any] = {"rules": rules, "backend": backend}
    transform = ClassifyTransform(**options)
    reader = ClassifyReader(paths=tmp_path, **options)
    router = IngestionRouter({}, default=Collected(), **options)
    assert transform([]) == await transform.acall([]) == []
    assert IngestionPipeline(transformations=[transform]).run(documents=[]) == []
    assert reader.load_data() == await reader.aload_data() == list(reader.lazy_load_data()) == []
    assert router.run(documents=[]).is_complete
    assert (await router.arun(documents=[])).is_complete
    assert ClassifyPostprocessor(**options).postprocess_nodes([], query_str="who?") == []
    assert [tool.metadata.name for tool in ClassifyToolSpec(**options, documents={}).to_tool_list()] == [
        "classify_text"
    ]
    assert not backend.asked


# 6, 20. What failed is told alike, wherever it failed, and nothing that was given is lost on the way.


def test_each_document_is_somewhere_in_the_end_whatever_fails(
    rules: list[Rule], tmp_path: Path, embedding: MockEmbedding
) -> None:
    for name, text in {"a.txt": "an invoice", "b.txt": "a recipe with eggs", "c.txt": "the sea", "d.txt": ""}.items():
        (tmp_path / name).write_text(text)
    reader = ClassifyReader(rules=rules, backend=fails_on("eggs"))
    documents = SimpleDirectoryReader(str(tmp_path), file_extractor={".txt": reader}).load_data()
    target, review = VectorStoreIndex([], embed_model=embedding), Collected()
    router = IngestionRouter(
        {"invoice": target}, default=target, review=review, classifier=reader.classifier, on_failure="annotate"
    )
    report = router.run(documents=documents)
    [reviewed] = review.calls
    assert sorted(Path(one).name for one in (*report["invoice"].document_ids, *reviewed)) == [
        "a.txt",
        "b.txt",
        "c.txt",
        "d.txt",
    ]
    assert sorted(Path(one).name for one in reviewed) == ["b.txt", "d.txt"]
    assert sorted(Path(one).name for failure in report.failures for one in failure.document_ids) == ["b.txt", "d.txt"]
