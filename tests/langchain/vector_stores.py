"""The same labelled documents in each of the vector stores that `type_filter` knows: real ones, in memory or local."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from classify_core import Answer, Rule, UnreadableDocumentError
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import ScriptedBackend
from tests.langchain.postgres import url

if TYPE_CHECKING:
    from pathlib import Path

    from classify_core import ClassifyError

TYPES = ("invoice", "credit note", "Prüf-A")
RULES = [Rule(type=name, description="contains whatever it contains") for name in TYPES]
ANSWERS: dict[str, Answer | ClassifyError] = {
    "paid": Answer(type="invoice", confidence=1),
    "unpaid": Answer(type="invoice", confidence=0.4),
    "refund": Answer(type="credit note", confidence=0.75),
    "test": Answer(type="Prüf-A", confidence=0.9),
    "poem": Answer(type=None, confidence=0),
    "scan": UnreadableDocumentError("there is no text in it"),
}
OWNERS = {"paid": "ann", "unpaid": "bob", "refund": "ann", "test": "bob", "poem": "ann", "scan": "ann"}
# No rule of ours may have such a type; a newer service's may.
ODD_TYPES = ("50% o'clock", 'a "quoted" $type', "back\\slash :x", "$eq", "x' OR '1'='1", "{braces}")
EMBEDDING = DeterministicFakeEmbedding(size=4)


def labelled_documents() -> list[Document]:
    """One document for each answer, with its name as its text, one for each odd type, and one without any label."""
    documents = [document(name, {"owner": owner}) for name, owner in OWNERS.items()]
    transformer = ClassifyDocumentTransformer(RULES, backend=ScriptedBackend(ANSWERS.__getitem__))
    odd = [document(name, {"classify_type": name, "classify_confidence": 0.5}) for name in ODD_TYPES]
    return [*transformer.transform_documents(documents), *odd, document("never asked", {})]


def document(name: str, metadata: dict[str, Any]) -> Document:
    return Document(page_content=name, metadata=metadata, id=str(uuid5(NAMESPACE_URL, name)))


@dataclass(frozen=True)
class Opened:
    """A filled store.

    Attributes:
        name: what `type_filter` calls its kind.
        store: for synchronous calls.
        awaited: for asynchronous ones: the same, where the store has both faces.
    """

    name: str
    store: VectorStore
    awaited: VectorStore


@asynccontextmanager
async def memory(postgres: Path) -> AsyncIterator[Opened]:
    store = InMemoryVectorStore(EMBEDDING)
    store.add_documents(labelled_documents())
    yield Opened("memory", store, store)


@asynccontextmanager
async def chroma(postgres: Path) -> AsyncIterator[Opened]:
    stores = pytest.importorskip("langchain_chroma")
    client = pytest.importorskip("tests.llama_index.chroma").chroma_client()
    store = stores.Chroma(uuid4().hex, EMBEDDING, client=client)
    store.add_documents(labelled_documents())
    yield Opened("chroma", store, store)
    store.delete_collection()


def qdrant(key: str = "metadata") -> Callable[[Path], AbstractAsyncContextManager[Opened]]:
    @asynccontextmanager
    async def opened(postgres: Path) -> AsyncIterator[Opened]:
        stores = pytest.importorskip("langchain_qdrant")
        store = stores.QdrantVectorStore.from_documents(
            labelled_documents(), EMBEDDING, location=":memory:", metadata_payload_key=key
        )
        yield Opened("qdrant", store, store)
        store.client.close()

    return opened


@asynccontextmanager
async def pgvector(postgres: Path) -> AsyncIterator[Opened]:
    stores = pytest.importorskip("langchain_postgres")
    engines = pytest.importorskip("sqlalchemy")
    async_engines = pytest.importorskip("sqlalchemy.ext.asyncio")
    engine = engines.create_engine(url(postgres, "psycopg"))
    async_engine = async_engines.create_async_engine(url(postgres, "psycopg"))
    collection = uuid4().hex
    store = stores.PGVector(EMBEDDING, connection=engine, collection_name=collection)
    store.add_documents(labelled_documents())
    yield Opened("pgvector", store, stores.PGVector(EMBEDDING, connection=async_engine, collection_name=collection))
    store.delete_collection()  # documents of all collections share one table, by their identifiers
    await async_engine.dispose()
    engine.dispose()


def pgvector_store(*columns: tuple[str, str]) -> Callable[[Path], AbstractAsyncContextManager[Opened]]:
    @asynccontextmanager
    async def opened(postgres: Path) -> AsyncIterator[Opened]:
        stores = pytest.importorskip("langchain_postgres")
        engine = stores.PGEngine.from_connection_string(url(postgres, "asyncpg"))
        table = uuid4().hex
        engine.init_vectorstore_table(table, 4, metadata_columns=[stores.Column(*column) for column in columns])
        store = stores.PGVectorStore.create_sync(
            engine, EMBEDDING, table, metadata_columns=[name for name, _ in columns]
        )
        store.add_documents(labelled_documents())
        yield Opened("pgvector", store, store)
        await engine.close()

    return opened


STORES: dict[str, Callable[[Any], AbstractAsyncContextManager[Opened]]] = {
    "memory": memory,
    "chroma": chroma,
    "qdrant": qdrant(),
    "pgvector": pgvector,
    "pgvector store": pgvector_store(),
    "pgvector store of columns": pgvector_store(("classify_type", "TEXT"), ("classify_confidence", "FLOAT")),
}
