"""Failed documents are run again with real vector stores, and at a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
import qdrant_client
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.vector_stores.chroma import ChromaVectorStore
from llama_index.vector_stores.qdrant import QdrantVectorStore

from classify_core import ClassifyClient, Rule
from classify_core.testing.server import ClassifyServer
from llama_index_classify import ClassifyTransform
from llama_index_classify.forgetting import forget_failures
from tests.llama_index.chroma import chroma_client
from tests.llama_index.parts import fails_on, splitter


def _pipeline(step: ClassifyTransform, layout: str, store: Any) -> IngestionPipeline:
    steps: list[TransformComponent] = [step] if layout == "alone" else [step, splitter()]
    return IngestionPipeline(
        transformations=[*steps, MockEmbedding(embed_dim=4)], docstore=SimpleDocumentStore(), vector_store=store
    )


def _chroma() -> Any:
    # Every such client of a process has the same collections.
    client = chroma_client()
    return ChromaVectorStore(chroma_collection=client.create_collection(uuid4().hex))


def _qdrant() -> Any:
    return QdrantVectorStore("nodes", client=qdrant_client.QdrantClient(":memory:"))


def _count(store: Any) -> int:
    if isinstance(store, ChromaVectorStore):
        return int(store._collection.count())
    return int(store.client.count("nodes").count)


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")
@pytest.mark.parametrize(
    ("make_store", "layout"),
    [(_chroma, "first"), (_chroma, "alone"), (_qdrant, "first")],
)
def test_real_vector_stores_hold_each_node_once_after_a_second_run(
    make_store: Callable[[], Any], layout: str, rules: list[Rule], documents: list[Document]
) -> None:
    backend = fails_on("eggs")
    step = ClassifyTransform(rules, backend=backend)
    store = make_store()
    pipeline = _pipeline(step, layout, store)
    first = pipeline.run(documents=documents)
    assert _count(store) == len(first)
    backend.behaviour = None
    forget_failures(pipeline, step.failures)
    others = sum(node.ref_doc_id != "cake" and node.node_id != "cake" for node in first)
    assert _count(store) == others
    again = pipeline.run(documents=documents)
    assert {node.ref_doc_id or node.node_id for node in again} == {"cake"}
    assert _count(store) == others + len(again)


@pytest.mark.parametrize("retry_failed", [True, False])
def test_a_hosted_job_that_failed_is_made_again_where_retry_failed_says_so(
    *, retry_failed: bool, rules: list[Rule], documents: list[Document], classify_server: ClassifyServer
) -> None:
    classify_server.faults.job("failed", times=1)
    account: dict[str, Any] = {"api_key": classify_server.api_key, "base_url": classify_server.base_url}
    step = ClassifyTransform(rules, backend="hosted", retry_failed=retry_failed, **account)
    with step.classifier, ClassifyClient(**account) as client:
        pipeline = _pipeline(step, "first", SimpleVectorStore())
        pipeline.run(documents=documents[:1])
        [failure] = step.failures
        forget_failures(pipeline, step.failures)
        again = pipeline.run(documents=documents[:1])
        job_ids = {job.id for job in client.jobs.list()}
    assert failure.job_id in job_ids
    assert {node.metadata["classify_status"] for node in again} == {"completed" if retry_failed else "failed"}
    assert len(job_ids) == (2 if retry_failed else 1)
