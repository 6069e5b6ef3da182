"""Documents whose retrieved chunks say nothing of their type, in docstores that misbehave on purpose."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import BaseNode, Document, NodeWithScore
from llama_index.core.storage.docstore import SimpleDocumentStore

from tests.llama_index.parts import splitter


def lines(name: str) -> str:
    """A text of which no two chunks are equal: older retrievers leave all but one of those out."""
    return " ".join(f"Line {number} of {name} goes on for a while and says nothing." for number in range(30))


TEXTS = {
    "bill": f"Our invoice. {lines('the bill')}",
    "cake": f"{lines('the cake')} That was the recipe.",
    "poem": lines("the poem"),
}
TYPES = {"bill": "invoice", "cake": "recipe", "poem": "uncategorized"}


class NotedDocstore(SimpleDocumentStore):
    """Notes what it is asked and where its blocking methods are called, and misbehaves as told."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.written = list[str]()
        self.threads = set[threading.Thread]()
        self.fault: Exception | None = None
        self.release = threading.Event()
        self.release.set()

    def get_document(self, *args: Any, **options: Any) -> BaseNode | None:
        self.reads += 1
        self.threads.add(threading.current_thread())
        self.release.wait(30)
        if self.fault is not None:
            raise self.fault
        return super().get_document(*args, **options)

    def add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.written += [node.node_id for node in docs]
        self.threads.add(threading.current_thread())
        super().add_documents(docs, *args, **options)

    async def aget_document(self, *args: Any, **options: Any) -> BaseNode | None:
        self.reads += 1
        return await super().aget_document(*args, **options)

    async def async_add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        self.written += [node.node_id for node in docs]
        await super().async_add_documents(docs, *args, **options)


class BlockingDocstore(NotedDocstore):
    """Has no asynchronous face, as some have none."""

    async def _absent(self, *args: Any, **options: Any) -> Any:
        raise NotImplementedError

    aget_document = aget_nodes = aget_ref_doc_info = _absent
    async_add_documents = aset_document_hashes = aget_document_hash = _absent


class AsynchronousDocstore(NotedDocstore):
    """Once `sealed`, its blocking methods fail."""

    sealed = False

    def get_document(self, *args: Any, **options: Any) -> BaseNode | None:
        assert not self.sealed
        return super().get_document(*args, **options)

    def get_ref_doc_info(self, ref_doc_id: str) -> Any:
        assert not self.sealed
        return super().get_ref_doc_info(ref_doc_id)

    def add_documents(self, docs: Any, *args: Any, **options: Any) -> None:
        assert not self.sealed
        super().add_documents(docs, *args, **options)


def documents() -> list[Document]:
    return [Document(id_=id_, text=text) for id_, text in TEXTS.items()]


def pipeline_docstore(docstore: Any, documents: list[Document]) -> list[BaseNode]:
    """The documents under their own identifiers, as an ingestion pipeline keeps them; gives the nodes."""
    pipeline = IngestionPipeline(
        transformations=[splitter(60)], docstore=docstore, docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY
    )
    return list(pipeline.run(documents=documents))


def context_docstore(docstore: Any, documents: list[Document]) -> list[BaseNode]:
    """The nodes, as an index's storage context keeps them, the last ones first; gives the nodes."""
    nodes = splitter(60).get_nodes_from_documents(documents)
    VectorStoreIndex(
        nodes[::-1],
        storage_context=StorageContext.from_defaults(docstore=docstore),
        embed_model=MockEmbedding(embed_dim=4),
    )
    return list(nodes)


Fill = Callable[[Any, list[Document]], list[BaseNode]]
FILLED: list[Fill] = [pipeline_docstore, context_docstore]


def middles(nodes: list[BaseNode]) -> list[NodeWithScore]:
    """Of each document two chunks that say nothing of its type."""
    chosen = []
    for id_ in TEXTS:
        own = [node for node in nodes if node.ref_doc_id == id_]
        assert len(own) > 4
        chosen += [NodeWithScore(node=node, score=0.5) for node in own[2:4]]
    assert not any("invoice" in one.text or "recipe" in one.text for one in chosen)
    return chosen


def types(nodes: list[NodeWithScore]) -> list[str | None]:
    return [one.metadata.get("classify_type") for one in nodes]


# What the nodes of `middles` come to by their documents' text.
EXPECTED = [type_ for type_ in TYPES.values() for _ in range(2)]
