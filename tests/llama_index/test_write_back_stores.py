"""Labels written back to an index, with the vector stores that people have on one machine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters

from classify_core import MetadataSchema, Rule
from llama_index_classify import ClassifyPostprocessor
from tests.backends import ScriptedBackend
from tests.llama_index.parts import splitter
from tests.llama_index.stored_documents import TEXTS, TYPES, documents, types

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant")


class CountingEmbedding(MockEmbedding):
    """Counts what it embeds, and fails once it is told to."""

    embedded: list[str] = []  # noqa: RUF012 - a field: pydantic copies it for each instance
    is_down: bool = False

    def _get_text_embedding(self, text: str) -> list[float]:
        if self.is_down:
            raise ConnectionError("the model is down")
        self.embedded.append(text)
        return super()._get_text_embedding(text)


@contextmanager
def in_memory(folder: Path, nodes: list[BaseNode] | None) -> Iterator[VectorStoreIndex]:
    if nodes is None:
        context = StorageContext.from_defaults(persist_dir=str(folder))
        index: Any = load_index_from_storage(context, embed_model=CountingEmbedding(embed_dim=4))
    else:
        index = indexed(None, nodes)
    yield index
    index.storage_context.persist(str(folder))


@contextmanager
def chroma(folder: Path, nodes: list[BaseNode] | None) -> Iterator[VectorStoreIndex]:
    chromadb = pytest.importorskip("chromadb")
    stores = pytest.importorskip("llama_index.vector_stores.chroma")
    client = chromadb.PersistentClient(str(folder), settings=chromadb.Settings(anonymized_telemetry=False))
    yield indexed(stores.ChromaVectorStore(client.get_or_create_collection("documents")), nodes)


@contextmanager
def qdrant(folder: Path, nodes: list[BaseNode] | None) -> Iterator[VectorStoreIndex]:
    clients = pytest.importorskip("qdrant_client")
    stores = pytest.importorskip("llama_index.vector_stores.qdrant")
    client = clients.QdrantClient(path=str(folder))
    yield indexed(stores.QdrantVectorStore("documents", client=client), nodes)
    client.close()


@contextmanager
def duckdb(folder: Path, nodes: list[BaseNode] | None) -> Iterator[VectorStoreIndex]:
    pytest.importorskip("pyarrow", exc_type=ImportError)  # lowest NumPy beside newest pyarrow does not import
    stores = pytest.importorskip("llama_index.vector_stores.duckdb")

    class Offline(stores.DuckDBVectorStore):
        """Fetches no extensions: JSON comes with DuckDB, and full-text search is not asked for."""

        @classmethod
        def _initialize_table(cls, conn: Any, table_name: str, embed_dim: int | None) -> None:
            columns = f"node_id VARCHAR PRIMARY KEY, text TEXT, embedding {cls._get_embedding_type(embed_dim)}"
            conn.execute(f"CREATE TABLE IF NOT EXISTS {table_name} ({columns}, metadata_ JSON)")

    store = Offline("documents.duckdb", persist_dir=str(folder), embed_dim=4)
    yield indexed(store, nodes)
    store.client.close()
    store._shared_conn.close()


def indexed(vector_store: Any, nodes: list[BaseNode] | None) -> VectorStoreIndex:
    model = CountingEmbedding(embed_dim=4)
    if nodes is None:
        return VectorStoreIndex.from_vector_store(vector_store, embed_model=model)
    context = StorageContext.from_defaults(vector_store=vector_store)
    return VectorStoreIndex(nodes, storage_context=context, embed_model=model)


Opened = Callable[[Path, list[BaseNode] | None], Any]
STORES: dict[str, Opened] = {"in_memory": in_memory, "chroma": chroma, "qdrant": qdrant, "duckdb": duckdb}


@pytest.fixture(params=STORES)
def opened(request: pytest.FixtureRequest) -> Opened:
    return STORES[request.param]


def chunks() -> list[BaseNode]:
    nodes = splitter(60).get_nodes_from_documents(documents())
    for number, node in enumerate(nodes):
        node.id_ = str(uuid5(NAMESPACE_URL, str(number)))  # Qdrant takes nothing else
    return list(nodes)


def found(index: VectorStoreIndex, **options: Any) -> list[NodeWithScore]:
    nodes = index.as_retriever(similarity_top_k=100, **options).retrieve("?")
    return sorted(nodes, key=lambda one: one.node_id)


def of_type(index: VectorStoreIndex, name: str) -> list[NodeWithScore]:
    return found(index, filters=MetadataFilters(filters=[MetadataFilter(key="classify_type", value=name)]))


def made(rules: list[Rule], backend: ScriptedBackend, **options: Any) -> ClassifyPostprocessor:
    return ClassifyPostprocessor(rules, backend=backend, cache=False, **options)


@pytest.mark.parametrize("way", ["awaited", "blocking"])
async def test_after_a_query_filters_find_the_labels_and_the_next_one_classifies_nothing(
    opened: Opened, way: str, rules: list[Rule], tmp_path: Path
) -> None:
    nodes, backend = chunks(), ScriptedBackend()
    with opened(tmp_path, nodes) as index:
        before = found(index)
        assert len(before) == len(nodes)
        postprocessor = made(rules, backend, write_back=index)
        if way == "awaited":
            await postprocessor.apostprocess_nodes(before)
        else:
            postprocessor.postprocess_nodes(before)
        assert backend.asked.total() == len(TEXTS)
    with opened(tmp_path, None) as index:
        after = found(index)
        assert [one.node_id for one in after] == [one.node_id for one in before]
        for one, former in zip(after, before, strict=True):
            assert one.node.ref_doc_id is not None
            assert one.metadata["classify_type"] == TYPES[one.node.ref_doc_id]
            assert one.node.relationships == former.node.relationships
            assert one.text == former.text
            assert one.score == former.score
        for document, name in TYPES.items():
            assert {one.node.ref_doc_id for one in of_type(index, name)} == {document}
        made(rules, backend, write_back=index).postprocess_nodes(after)
        assert backend.asked.total() == len(TEXTS)


def test_only_retrieved_nodes_without_a_fresh_label_are_replaced(
    opened: Opened, rules: list[Rule], tmp_path: Path
) -> None:
    with opened(tmp_path, chunks()) as index:
        some = found(index)[:2]
        made(rules, ScriptedBackend(), write_back=index).postprocess_nodes(some)
        labelled = {one.node_id for one in found(index) if "classify_type" in one.metadata}
        assert labelled == {one.node_id for one in some}
        index._embed_model.embedded.clear()
        made(rules, ScriptedBackend(), write_back=index).postprocess_nodes(found(index)[:2])
        assert len(index._embed_model.embedded) <= 2  # the queries


@pytest.mark.parametrize("name", ["in_memory", "qdrant", "duckdb"])
def test_a_label_that_is_not_embedded_costs_no_embedding_where_the_store_hands_its_own_out(
    name: str, rules: list[Rule], tmp_path: Path
) -> None:
    with STORES[name](tmp_path, chunks()) as index:
        nodes = found(index)
        index._embed_model.embedded.clear()
        made(rules, ScriptedBackend(), write_back=index).postprocess_nodes(nodes)
        assert index._embed_model.embedded == []
        assert len(of_type(index, "invoice")) > 1


def test_a_label_that_is_embedded_is_embedded_with_the_text(opened: Opened, rules: list[Rule], tmp_path: Path) -> None:
    schema = MetadataSchema(excluded_from_embedding=("reasoning",))
    with opened(tmp_path, chunks()) as index:
        nodes = found(index)
        index._embed_model.embedded.clear()
        made(rules, ScriptedBackend(), write_back=index, metadata_schema=schema).postprocess_nodes(nodes)
        expected = [one.node.get_content(MetadataMode.EMBED) for one in found(index)]
        assert "classify_type: invoice" in expected[0]
        assert sorted(index._embed_model.embedded)[-len(expected) :] == sorted(expected)


def test_an_embedding_model_that_fails_loses_nothing(
    opened: Opened, rules: list[Rule], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    schema = MetadataSchema(excluded_from_embedding=("reasoning",))
    with opened(tmp_path, chunks()) as index:
        before = found(index)
        index._embed_model.is_down = True
        postprocessor = made(rules, ScriptedBackend(), write_back=index, metadata_schema=schema)
        with caplog.at_level(logging.WARNING):
            assert set(types(postprocessor.postprocess_nodes(before))) == set(TYPES.values())
        assert "could not be written back to a VectorStoreIndex (ConnectionError)" in caplog.text
        index._embed_model.is_down = False
        assert found(index) == before


def test_a_store_that_refuses_the_label_loses_nothing_even_where_nothing_can_be_embedded_any_more(
    opened: Opened,
    rules: list[Rule],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with opened(tmp_path, chunks()) as index:
        before = found(index)
        add = type(index.vector_store).add

        def refuse(store: Any, nodes: list[BaseNode], **options: Any) -> Any:
            if any("classify_type" in node.metadata for node in nodes):
                index._embed_model.is_down = True
                raise ValueError("no such column")
            return add(store, nodes, **options)

        monkeypatch.setattr(type(index.vector_store), "add", refuse)
        with caplog.at_level(logging.WARNING):
            made(rules, ScriptedBackend(), write_back=index).postprocess_nodes(before)
        assert "could not be written back" in caplog.text
        index._embed_model.is_down = False
        assert found(index) == before


def test_a_node_that_was_deleted_since_it_was_retrieved_is_not_brought_back(
    opened: Opened, rules: list[Rule], tmp_path: Path
) -> None:
    with opened(tmp_path, chunks()) as index:
        before = found(index)
        index.delete_nodes([before[0].node_id], delete_from_docstore=True)
        made(rules, ScriptedBackend(), write_back=index).postprocess_nodes(before)
        after = found(index)
        assert [one.node_id for one in after] == [one.node_id for one in before[1:]]
        assert None not in types(after)


async def test_no_vector_store_is_written_on_a_running_loop_by_its_blocking_methods(
    opened: Opened, rules: list[Rule], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path, chunks()) as index:
        add, threads = type(index.vector_store).add, set[threading.Thread]()

        def noted(store: Any, nodes: list[BaseNode], **options: Any) -> Any:
            threads.add(threading.current_thread())
            return add(store, nodes, **options)

        monkeypatch.setattr(type(index.vector_store), "add", noted)
        await made(rules, ScriptedBackend(), write_back=index).apostprocess_nodes(found(index))
    assert threads
    assert not {thread.name for thread in threads} & {threading.current_thread().name, "classify-background"}


async def test_a_store_with_an_asynchronous_client_only_is_written_natively(rules: list[Rule]) -> None:
    clients = pytest.importorskip("qdrant_client")
    stores = pytest.importorskip("llama_index.vector_stores.qdrant")
    client, backend = clients.AsyncQdrantClient(":memory:"), ScriptedBackend()
    index = indexed(stores.QdrantVectorStore("documents", aclient=client), None)
    await index.ainsert_nodes(chunks())
    for _ in range(2):
        nodes = await index.as_retriever(similarity_top_k=100).aretrieve("?")
        await made(rules, backend, write_back=index).apostprocess_nodes(nodes)
        assert backend.asked.total() == len(TEXTS)
    assert set(types(await index.as_retriever(similarity_top_k=100).aretrieve("?"))) == set(TYPES.values())
    await client.close()
