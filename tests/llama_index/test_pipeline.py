from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document, TransformComponent
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters

from classify_core import Rule
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
