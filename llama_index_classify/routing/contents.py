"""What pipelines and indexes keep of documents, and how it is removed."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from llama_index.core.indices.base import BaseIndex
from llama_index.core.ingestion import DocstoreStrategy
from llama_index.core.schema import BaseNode, Document

from llama_index_classify.routing.off_loop import off_loop

if TYPE_CHECKING:
    from llama_index.core.ingestion import IngestionPipeline
    from llama_index.core.storage.docstore import BaseDocumentStore

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """What a target may hold of documents.

    Attributes:
        document_ids: the documents, under whose identifiers their nodes are stored.
        node_ids: those of them that are stored as they are, as nodes without a source document.
    """

    document_ids: tuple[str, ...] = ()
    node_ids: tuple[str, ...] = ()

    @classmethod
    def joined(cls, parts: Iterable[Held]) -> Held:
        """All of them, each identifier once."""
        held = list(parts)
        return cls(
            tuple(dict.fromkeys(identifier for one in held for identifier in one.document_ids)),
            tuple(dict.fromkeys(identifier for one in held for identifier in one.node_ids)),
        )


class Contents(Protocol):
    """What a target keeps of documents."""

    @property
    def docstore(self) -> BaseDocumentStore | None:
        """Its own document store."""

    @property
    def deletes_what_is_missing(self) -> bool:
        """Whether a run deletes the documents that it does not bring."""

    def remove(self, held: Held) -> None:
        """Deletes what was made of documents."""

    async def aremove(self, held: Held) -> None:
        """The same, awaited."""


class PipelineContents:
    """A pipeline's vector store and docstore, as far as there are any."""

    def __init__(self, pipeline: IngestionPipeline) -> None:
        self._pipeline = pipeline

    @property
    def docstore(self) -> BaseDocumentStore | None:
        """The pipeline's docstore; it may be set later, as `pipeline.load` does."""
        return self._pipeline.docstore

    @property
    def deletes_what_is_missing(self) -> bool:
        """Whether a run deletes the documents that it does not bring."""
        stores = self._pipeline.docstore, self._pipeline.vector_store
        return None not in stores and self._pipeline.docstore_strategy == DocstoreStrategy.UPSERTS_AND_DELETE

    def hashes(self, nodes: Sequence[BaseNode]) -> dict[str, str | None]:
        """What the docstore knows of nodes."""
        store = self.docstore
        return {} if store is None else {node.id_: store.get_document_hash(node.id_) for node in nodes}

    async def ahashes(self, nodes: Sequence[BaseNode]) -> dict[str, str | None]:
        """The same, awaited."""
        store = self.docstore
        return {} if store is None else {node.id_: await store.aget_document_hash(node.id_) for node in nodes}

    def restore(self, hashes: dict[str, str | None]) -> None:
        """Makes the docstore forget what a failed run wrote.

        Some strategies write before the transformations run, and would leave the documents out for ever.
        """
        for identifier, former in hashes.items():
            store = self.docstore
            if store is not None and store.get_document_hash(identifier) != former:
                store.delete_document(identifier, raise_error=False)

    async def arestore(self, hashes: dict[str, str | None]) -> None:
        """The same, awaited."""
        for identifier, former in hashes.items():
            store = self.docstore
            if store is not None and await store.aget_document_hash(identifier) != former:
                await store.adelete_document(identifier, raise_error=False)

    def remove(self, held: Held) -> None:
        """Deletes documents."""
        vectors, store = self._pipeline.vector_store, self.docstore
        if vectors is not None:
            for identifier in held.document_ids:
                vectors.delete(identifier)
            if held.node_ids:
                with _logged_where_impossible(held.node_ids):
                    vectors.delete_nodes(list(held.node_ids))
        if store is not None:
            for identifier in held.document_ids:
                store.delete_ref_doc(identifier, raise_error=False)
                store.delete_document(identifier, raise_error=False)

    async def aremove(self, held: Held) -> None:
        """The same, awaited."""
        vectors, store = self._pipeline.vector_store, self.docstore
        if vectors is not None:
            for identifier in held.document_ids:
                await vectors.adelete(identifier)
            if held.node_ids:
                with _logged_where_impossible(held.node_ids):
                    await vectors.adelete_nodes(list(held.node_ids))
        if store is not None:
            for identifier in held.document_ids:
                await store.adelete_ref_doc(identifier, raise_error=False)
                await store.adelete_document(identifier, raise_error=False)


class IndexContents:
    """An index and its stores."""

    deletes_what_is_missing = False

    def __init__(self, index: BaseIndex[Any]) -> None:
        self._index = index
        # Without this method of its own an index works synchronously, on the loop.
        self._awaits = type(index).ainsert_nodes is not BaseIndex.ainsert_nodes

    @property
    def docstore(self) -> BaseDocumentStore:
        """The index's docstore."""
        return self._index.docstore

    def insert(self, nodes: Sequence[BaseNode]) -> None:
        """Inserts in the order given."""
        for part in _parts(nodes):
            if isinstance(part, Document):
                self._index.insert(part)
            else:
                self._index.insert_nodes(part)

    async def ainsert(self, nodes: Sequence[BaseNode]) -> None:
        """The same, awaited."""
        if not self._awaits:
            return await off_loop(self.insert, nodes)
        for part in _parts(nodes):
            if isinstance(part, Document):
                await self._index.ainsert(part)
            else:
                await self._index.ainsert_nodes(part)
        return None

    def remove(self, held: Held) -> None:
        """Deletes documents."""
        for identifier in held.node_ids:
            with suppress(KeyError):  # what was deleted before, by a run that was cut short
                self._index.delete_nodes([identifier], delete_from_docstore=True)
        for identifier in held.document_ids:
            # In two steps: most indexes, told to delete from the docstore as well, lose every other node on the way.
            self._index.delete_ref_doc(identifier)
            self.docstore.delete_ref_doc(identifier, raise_error=False)
            self.docstore.delete_document(identifier, raise_error=False)

    async def aremove(self, held: Held) -> None:
        """The same, awaited."""
        if not self._awaits:
            return await off_loop(self.remove, held)
        for identifier in held.node_ids:
            with suppress(KeyError):
                await self._index.adelete_nodes([identifier], delete_from_docstore=True)
        for identifier in held.document_ids:
            await self._index.adelete_ref_doc(identifier)
            await self.docstore.adelete_ref_doc(identifier, raise_error=False)
            await self.docstore.adelete_document(identifier, raise_error=False)
        return None


def _parts(nodes: Sequence[BaseNode]) -> Iterator[Document | list[BaseNode]]:
    """Documents one by one, nodes that follow one another together."""
    held: list[BaseNode] = []
    for node in nodes:
        if not isinstance(node, Document):
            held.append(node)
            continue
        if held:
            yield held
            held = []
        yield node
    if held:
        yield held


@contextmanager
def _logged_where_impossible(node_ids: Sequence[str]) -> Iterator[None]:
    """Some vector stores delete by source document only; the next run overwrites what has the same identifier."""
    try:
        yield
    except NotImplementedError:
        logger.warning("the vector store cannot delete nodes by identifier; %s may stay in it", ", ".join(node_ids))
