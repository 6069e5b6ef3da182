from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.schema import Document, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters, SimpleVectorStore

from classify_core import AuthenticationError, Rule
from llama_index_classify import ClassifyPostprocessor, ClassifyTransform
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import fails_on, splitter

if TYPE_CHECKING:
    from tests.service import ClassifyService

BILL = "Invoice number 7. Line items: 2 chairs. Tax 19 EUR. Total amount due 119 EUR."
CAKE = "A cooking recipe. Ingredients and quantities: 3 eggs, 200 g flour. Steps of preparation: mix, bake."


@pytest.mark.parametrize("splitter_first", [True, False])
async def test_it_stands_before_or_after_a_splitter(
    *, splitter_first: bool, rules: list[Rule], documents: list[Document]
) -> None:
    backend = ScriptedBackend()
    steps: list[TransformComponent] = [splitter(), ClassifyTransform(rules, backend=backend)]
    pipeline = IngestionPipeline(transformations=steps if splitter_first else steps[::-1], disable_cache=True)
    nodes = pipeline.run(documents=documents)
    assert {node.ref_doc_id: node.metadata["classify_type"] for node in nodes} == {
        "bill": "invoice",
        "cake": "recipe",
        "poem": "uncategorized",
    }
    assert backend.asked.total() == 3
    awaited = await pipeline.arun(documents=documents)
    assert [node.metadata for node in awaited] == [node.metadata for node in nodes]
    assert backend.asked.total() == 3


@pytest.mark.parametrize(
    ("strategy", "with_store"),
    [
        (DocstoreStrategy.UPSERTS, True),
        (DocstoreStrategy.UPSERTS_AND_DELETE, True),
        (DocstoreStrategy.DUPLICATES_ONLY, True),
        (DocstoreStrategy.DUPLICATES_ONLY, False),
    ],
)
def test_a_second_ingestion_finds_nothing_new(
    strategy: DocstoreStrategy,
    *,
    with_store: bool,
    rules: list[Rule],
    documents: list[Document],
    embedding: MockEmbedding,
) -> None:
    pipeline = IngestionPipeline(
        transformations=[ClassifyTransform(rules, backend=ScriptedBackend()), embedding],
        docstore=SimpleDocumentStore(),
        docstore_strategy=strategy,
        vector_store=SimpleVectorStore() if with_store else None,
        disable_cache=True,
    )
    fresh = [[document.model_copy(deep=True) for document in documents] for _ in range(3)]
    assert [len(pipeline.run(documents=run)) for run in fresh] == [3, 0, 0]


def test_a_failing_classifier_loses_no_document_of_a_docstore(rules: list[Rule], documents: list[Document]) -> None:
    docstore = SimpleDocumentStore()
    pipeline = IngestionPipeline(
        transformations=[ClassifyTransform(rules, backend=fails_on("eggs"))],
        docstore=docstore,
        docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY,
        disable_cache=True,
    )
    nodes = pipeline.run(documents=documents)
    assert [node.metadata["classify_status"] for node in nodes] == ["completed", "failed", "completed"]
    assert set(docstore.docs) == {"bill", "cake", "poem"}


def test_what_failed_at_ingestion_is_labelled_when_it_is_retrieved(
    rules: list[Rule], documents: list[Document], embedding: MockEmbedding
) -> None:
    backend = fails_on("eggs")
    nodes = IngestionPipeline(transformations=[ClassifyTransform(rules, backend=backend)]).run(documents=documents)
    backend.behaviour = None
    backend.asked.clear()
    retrieved = VectorStoreIndex(nodes, embed_model=embedding).as_retriever(similarity_top_k=3).retrieve("?")
    labelled = ClassifyPostprocessor(rules, backend=backend).postprocess_nodes(retrieved)
    assert {scored.node_id: scored.metadata["classify_type"] for scored in labelled}["cake"] == "recipe"
    assert backend.asked.total() == 1


def test_one_new_document_asks_for_one_classification(rules: list[Rule], documents: list[Document]) -> None:
    backend = ScriptedBackend()
    pipeline = IngestionPipeline(transformations=[splitter(), ClassifyTransform(rules, backend=backend)])
    pipeline.run(documents=documents)
    pipeline.run(documents=[*documents, Document(id_="new", text="Another recipe.")])
    assert sorted(backend.asked.values()) == [1, 1, 1, 1]


def test_two_steps_never_share_an_entry_of_the_pipelines_cache(rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    steps: list[TransformComponent] = [
        ClassifyTransform(rules, backend=backend),
        ClassifyTransform(rules, backend=backend, prefix="second_"),
        ClassifyTransform([Rule(type="total", description="names a total")], backend=backend, prefix="third_"),
        MockEmbedding(embed_dim=4),
    ]
    pipeline = IngestionPipeline(transformations=steps)
    for _ in range(2):
        [node] = pipeline.run(documents=[Document(text="invoice total")])
        assert [node.metadata[f"{prefix}type"] for prefix in ("classify_", "second_", "third_")] == [
            "invoice",
            "invoice",
            "total",
        ]
        assert node.embedding is not None


def by_owner(node: Any) -> str:
    return str(node.metadata["owner"])


def by_case(node: Any) -> str:
    return str(node.metadata["case"])


def test_two_group_by_functions_never_share_an_entry_of_the_pipelines_cache(rules: list[Rule]) -> None:
    documents = [
        Document(text="an invoice", metadata={"owner": "ann", "case": "1"}),
        Document(text="a recipe", metadata={"owner": "ann", "case": "2"}),
    ]
    cache, found = IngestionCache(), []
    for group_by in (by_owner, by_case, lambda node: node.metadata["owner"], lambda node: node.metadata["case"]):
        step = ClassifyTransform(rules, backend=ScriptedBackend(), group_by=group_by)
        nodes = IngestionPipeline(transformations=[step], cache=cache).run(documents=documents)
        found.append([node.metadata["classify_type"] for node in nodes])
    assert found == [["invoice", "invoice"], ["invoice", "recipe"]] * 2


@pytest.mark.parametrize("has_a_key", [True, False])
async def test_parallel_ingestion_comes_to_the_same(
    *, has_a_key: bool, rules: list[Rule], monkeypatch: pytest.MonkeyPatch
) -> None:
    if has_a_key:  # a worker that chose its backend anew would now turn hosted
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-worker-key-0123456789")
    step = ClassifyTransform(
        rules, backend="local", min_confidence=0.1, prefix="kind_", keep_types=["invoice"], group_by=by_half
    )
    documents = [Document(id_=str(n), text=BILL if n % 2 else CAKE) for n in range(4)]
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    alone = pipeline.run(documents=documents)
    together = pipeline.run(documents=documents, num_workers=2)
    awaited = await pipeline.arun(documents=documents, num_workers=2)
    expected = [(node.node_id, node.metadata) for node in alone]
    assert [node_id for node_id, _ in expected] == ["1", "3"]
    assert [(node.node_id, node.metadata) for node in together] == expected
    assert [(node.node_id, node.metadata) for node in awaited] == expected


async def test_a_worker_without_a_key_ends_the_parallel_ingestion_with_an_error(
    rules: list[Rule], documents: list[Document], service: ClassifyService
) -> None:
    pipeline = IngestionPipeline(transformations=[hosted(rules, service)])
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        pipeline.run(documents=documents, num_workers=2)
    with pytest.raises(AuthenticationError, match="LLAMA_CLOUD_API_KEY"):
        await pipeline.arun(documents=documents, num_workers=2)
    assert not service.requests


async def test_workers_find_the_key_of_a_hosted_classifier_in_the_environment(
    rules: list[Rule], documents: list[Document], service: ClassifyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", service.api_key)
    step = ClassifyTransform(rules, base_url=service.base_url)
    pipeline = IngestionPipeline(transformations=[step], disable_cache=True)
    for nodes in (
        pipeline.run(documents=documents, num_workers=2),
        await pipeline.arun(documents=documents, num_workers=2),
    ):
        assert [node.metadata["classify_type"] for node in nodes] == ["invoice", "recipe", "uncategorized"]
        assert {node.metadata["classify_backend"] for node in nodes} == {"hosted"}


def by_half(node: Any) -> int:
    return int(node.node_id) % 2


async def test_the_event_loop_runs_on_while_a_classifier_is_slow(rules: list[Rule], documents: list[Document]) -> None:
    backend = HeldBackend()
    running = asyncio.create_task(ClassifyTransform(rules, backend=backend).acall(documents))
    await until(backend.begun.is_set)  # only a loop that is not blocked comes back from here
    assert not running.done()
    backend.release.set()
    assert len(await running) == 3


async def test_cancelling_an_ingestion_cancels_the_classification(rules: list[Rule], documents: list[Document]) -> None:
    gate = asyncio.Event()
    backend = ScriptedBackend(gate=gate)
    running = asyncio.create_task(ClassifyTransform(rules, backend=backend).acall(documents))
    await until(lambda: backend.asked.total() == len(documents))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: backend.cancelled == len(documents))


def test_retrieval_filters_on_type_and_confidence(
    rules: list[Rule], documents: list[Document], embedding: MockEmbedding
) -> None:
    steps = [splitter(), ClassifyTransform(rules, backend=ScriptedBackend())]
    nodes = IngestionPipeline(transformations=steps).run(documents=documents)
    wanted = MetadataFilters(
        filters=[
            MetadataFilter(key="classify_type", value="invoice"),
            MetadataFilter(key="classify_confidence", value=0.5, operator=FilterOperator.GTE),
        ]
    )
    index = VectorStoreIndex(nodes, embed_model=embedding)
    found = index.as_retriever(similarity_top_k=100, filters=wanted).retrieve("?")
    assert {scored.node.ref_doc_id for scored in found} == {"bill"}


def hosted(rules: list[Rule], service: ClassifyService, **options: Any) -> ClassifyTransform:
    return ClassifyTransform(rules, backend="hosted", api_key=service.api_key, base_url=service.base_url, **options)


async def test_a_pipeline_classifies_hosted_with_one_job_a_document(
    rules: list[Rule], documents: list[Document], service: ClassifyService
) -> None:
    with hosted(rules, service).classifier as classifier:
        step = ClassifyTransform(classifier=classifier)
        pipeline = IngestionPipeline(transformations=[splitter(), step], disable_cache=True)
        nodes = pipeline.run(documents=documents)
        assert {node.ref_doc_id: node.metadata["classify_type"] for node in nodes} == {
            "bill": "invoice",
            "cake": "recipe",
            "poem": "uncategorized",
        }
        assert {node.metadata["classify_backend"] for node in nodes} == {"hosted"}
        assert {node.metadata["classify_job_id"] for node in nodes} == set(service.jobs)
        assert len(service.jobs) == 3
        awaited = await pipeline.arun(documents=documents)
        assert [node.metadata for node in awaited] == [node.metadata for node in nodes]
        assert len(service.jobs) == 3


def test_a_hosted_job_that_fails_is_named_in_the_metadata(
    rules: list[Rule], documents: list[Document], service: ClassifyService
) -> None:
    service.outcome_for("eggs", status="FAILED", error_message="PDF_IS_BROKEN: no pages")
    step = hosted(rules, service)
    with step.classifier:
        _, failed, _ = step(documents)
    assert failed.metadata["classify_status"] == "failed"
    assert failed.metadata["classify_job_id"] in service.jobs
    assert "PDF_IS_BROKEN" in failed.metadata["classify_error"]


def test_a_wrong_key_annotates_every_document(
    rules: list[Rule], documents: list[Document], service: ClassifyService
) -> None:
    step = ClassifyTransform(rules, backend="hosted", api_key="llx-wrong-key-0123456789", base_url=service.base_url)
    with step.classifier:
        nodes = step(documents)
    assert len(nodes) == len(documents)
    assert {node.metadata["classify_status"] for node in nodes} <= {"failed", "not_started"}
    assert not any("llx-wrong" in str(node.metadata) for node in nodes)
