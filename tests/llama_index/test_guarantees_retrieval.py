"""What the postprocessor guarantees where others do not, in query engines, as people run it.

Named after our guarantees; the numbers are those of the pitfalls in the design notes.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import QueryBundle, VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import BaseNode, Document, NodeWithScore
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
from pydantic import Field

from classify_core import Rule
from llama_index_classify import ClassifyPostprocessor
from llama_index_classify.events import ClassifyEndEvent, ClassifyStartEvent
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import CollectingSpanHandler, fails_on, splitter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llama_index.core.embeddings import MockEmbedding
    from llama_index.core.instrumentation.events import BaseEvent

KEY = "llx-a-key-that-nobody-may-see-0123456789"


class WordRetriever(BaseRetriever):
    """Ranks by words in common, as BM25 does, and holds its node objects from one query to the next."""

    def __init__(self, nodes: list[BaseNode]) -> None:
        super().__init__()
        self.nodes = nodes

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        asked = set(query_bundle.query_str.lower().split())
        scored = [NodeWithScore(node=node, score=float(len(asked & words(node)))) for node in self.nodes]
        return sorted(scored, key=lambda one: -(one.score or 0.0))


def words(node: BaseNode) -> set[str]:
    return set(node.get_content().lower().split())


class CollectingEventHandler(BaseEventHandler):
    """Keeps what a call is told to have begun and ended with."""

    events: list[Any] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "CollectingEventHandler"

    def handle(self, event: BaseEvent, **_: Any) -> None:
        if event.class_name() in {"ClassifyStartEvent", "ClassifyEndEvent"}:
            self.events.append(event)


@pytest.fixture
def events() -> Iterator[list[Any]]:
    handler, root = CollectingEventHandler(), get_dispatcher()
    root.add_event_handler(handler)
    yield handler.events
    root.event_handlers.remove(handler)


@pytest.fixture
def documents() -> list[Document]:
    return [
        Document(id_="bill", text=" ".join(f"This invoice lists {number} line items." for number in range(40))),
        Document(id_="cake", text=" ".join(f"This recipe needs {number} eggs." for number in range(40))),
        Document(id_="poem", text=" ".join(f"The sea was calm that night, {number} times." for number in range(40))),
    ]


@pytest.fixture
def held(documents: list[Document]) -> WordRetriever:
    return WordRetriever(list(splitter().get_nodes_from_documents(documents)))


def engine(retriever: BaseRetriever, postprocessor: ClassifyPostprocessor) -> RetrieverQueryEngine:
    return RetrieverQueryEngine.from_args(retriever, llm=MockLLM(), node_postprocessors=[postprocessor])


async def test_10_a_query_that_is_awaited_never_blocks_the_loop(held: WordRetriever, rules: list[Rule]) -> None:
    backend = HeldBackend()
    docstore = SimpleDocumentStore()
    postprocessor = ClassifyPostprocessor(rules, backend=backend, docstore=docstore, write_back=True, boost={})
    query = asyncio.create_task(engine(held, postprocessor).aquery("which items?"))
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not query.done()
    backend.release.set()
    assert len((await query).source_nodes) == len(held.nodes)


async def test_11_both_ways_have_a_span_and_tell_events_within_it(
    held: WordRetriever, rules: list[Rule], spans: CollectingSpanHandler, events: list[Any]
) -> None:
    for options in ({}, {"docstore": SimpleDocumentStore(), "write_back": True}):
        query_engine = engine(held, ClassifyPostprocessor(rules, backend=ScriptedBackend(), **options))
        spans.names.clear()
        query_engine.query("which items?")
        assert "ClassifyPostprocessor._postprocess_nodes" in spans.names
        await query_engine.aquery("which items?")
        assert "ClassifyPostprocessor._apostprocess_nodes" in spans.names
    assert [type(event) for event in events] == [ClassifyStartEvent, ClassifyEndEvent] * 4
    assert {event.node_count for event in events} == {len(held.nodes)}
    spans_of_events = {str(event.span_id).partition("-")[0] for event in events}
    assert spans_of_events == {f"ClassifyPostprocessor._{prefix}postprocess_nodes" for prefix in ("", "a")}


def test_12_a_tracer_sees_no_key_and_nothing_of_the_docstore(
    held: WordRetriever, rules: list[Rule], spans: CollectingSpanHandler
) -> None:
    docstore = SimpleDocumentStore()
    docstore.add_documents([Document(id_="secret", text="what nobody asked for")])
    postprocessor = ClassifyPostprocessor(
        rules, backend="hosted", api_key=KEY, base_url="http://127.0.0.1:9", timeout=0.5, docstore=docstore
    )
    with postprocessor.classifier:
        engine(held, postprocessor).query("which items?")
    assert spans.told
    assert not [told for told in spans.told if KEY in told or "what nobody asked for" in told]


async def test_13_engines_that_share_a_postprocessor_do_not_disturb_each_other(
    held: WordRetriever, rules: list[Rule]
) -> None:
    docstore = SimpleDocumentStore()
    shared = ClassifyPostprocessor(rules, backend=ScriptedBackend(), boost={"recipe": 5}, docstore=docstore)
    before = shared.to_dict()
    engines = [engine(held, shared) for _ in range(2)]
    shared.callback_manager = CallbackManager()
    answers = await asyncio.gather(*(each.aquery("which line") for each in engines for _ in range(5)))
    assert all(answer.source_nodes == answers[0].source_nodes for answer in answers)
    assert answers[0].source_nodes[0].metadata["classify_type"] == "invoice"
    assert shared.to_dict() == before
    assert shared.docstore is docstore


@pytest.mark.parametrize("options", [{}, {"scope": "node"}, {"boost": {"recipe": 9}}, {"docstore": True}])
async def test_14_nothing_leaks_from_one_query_into_the_nodes_that_a_retriever_holds(
    options: dict[str, Any], held: WordRetriever, rules: list[Rule], documents: list[Document]
) -> None:
    if "docstore" in options:
        docstore = SimpleDocumentStore()
        docstore.add_documents(documents)
        options = {"docstore": docstore, "write_back": True}
    before = [node.model_copy(deep=True) for node in held.nodes]
    query_engine = engine(held, ClassifyPostprocessor(rules, backend=ScriptedBackend(), **options))
    first = query_engine.query("a recipe with eggs").source_nodes
    second = (await query_engine.aquery("a recipe with eggs")).source_nodes
    assert held.nodes == before
    assert first == second
    for one in first:
        one.node.metadata["mine"] = "changed"
        one.node.excluded_llm_metadata_keys.append("mine")
    assert held.nodes == before
    assert not any("mine" in one.metadata for one in second)
    if "docstore" in options:
        assert not any("mine" in node.metadata for node in options["docstore"].docs.values())


@pytest.mark.parametrize("backend", [ScriptedBackend(), fails_on("sea")], ids=["labelled", "failed"])
@pytest.mark.parametrize("scope", ["document", "node"])
def test_21_every_label_is_flat_and_can_be_filtered_on(
    backend: ScriptedBackend, scope: Any, held: WordRetriever, rules: list[Rule]
) -> None:
    postprocessor = ClassifyPostprocessor(rules, backend=backend, scope=scope, write_back=False)
    for one in postprocessor.postprocess_nodes([NodeWithScore(node=node) for node in held.nodes]):
        label = {key: value for key, value in one.metadata.items() if key.startswith("classify_")}
        assert label
        for key, value in label.items():
            assert type(value) in {str, float}
            MetadataFilters(filters=[MetadataFilter(key=key, value=value)])
        json.dumps(one.metadata, allow_nan=False)


async def test_21_an_index_that_was_ingested_without_labels_is_filtered_on_them_after_one_query(
    documents: list[Document], rules: list[Rule], embedding: MockEmbedding
) -> None:
    nodes = IngestionPipeline(transformations=[splitter()]).run(documents=documents)
    index, backend = VectorStoreIndex(list(nodes), embed_model=embedding), ScriptedBackend()
    postprocessor = ClassifyPostprocessor(rules, backend=backend, cache=False, write_back=index)
    options: dict[str, Any] = {"llm": MockLLM(), "similarity_top_k": 100, "node_postprocessors": [postprocessor]}
    await index.as_query_engine(**options).aquery("which items?")
    sure = MetadataFilters(
        filters=[
            MetadataFilter(key="classify_type", value="recipe"),
            MetadataFilter(key="classify_confidence", value=0.5, operator=FilterOperator.GTE),
        ]
    )
    answer = index.as_query_engine(**options, filters=sure).query("which items?")
    assert {one.node.ref_doc_id for one in answer.source_nodes} == {"cake"}
    assert backend.asked.total() == len(documents)
