"""Labels written back to a vector index: retrieved nodes are replaced by labelled copies under their identifiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.indices.utils import embed_nodes
from llama_index.core.schema import BaseNode, ImageNode, MetadataMode
from llama_index.core.vector_stores import SimpleVectorStore
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from llama_index_classify.postprocessing.faces import Faces, in_worker

if TYPE_CHECKING:
    from llama_index.core import VectorStoreIndex

    from classify_core.labels import Label
    from llama_index_classify.postprocessing.labelled_copies import LabelledCopies

_REPLACING: Final = frozenset({"SimpleVectorStore", "QdrantVectorStore"})
"""Vector stores in which adding replaces what has the same identifier, so that no query misses a node meanwhile."""

_BLOCKING_DEFAULTS: Final = ("async_add", "adelete_nodes", "aget_nodes")


class IndexWriter:
    """Writes labels to nodes that an index holds at that moment.

    Args:
        index: where they are written.
        copies: makes the labelled copies.
        natively: whether the running loop is the caller's, and the index's vector store has a face for it.
    """

    def __init__(self, index: VectorStoreIndex, copies: LabelledCopies, *, natively: bool) -> None:
        self._index = index
        self._vector_store: Any = index.vector_store
        self._copies = copies
        self._faces = Faces(natively=natively)

    async def write(self, retrieved: Sequence[BaseNode], labels: Mapping[str, Label]) -> None:
        """Writes labels.

        Args:
            retrieved: the nodes; taken for what the index holds where it cannot tell.
            labels: by the identifier of a node.
        """
        pairs = [(node, self._copies.of(node, labels[node.node_id])) for node in await self._held(retrieved)]
        changed = [(node, copy) for node, copy in pairs if copy is not None]
        if not changed:
            return
        former = [_under(node, self._embedding_of(node)) for node, _ in changed]
        labelled = await self._embedded([_copied(copy, node) for node, (_, copy) in zip(former, changed, strict=True)])
        try:
            await self._put(labelled)
        except BaseException:
            # What was deleted already must not be lost to a store that refuses the label, nor to a model that is down.
            await self._put([_embedded_as(node, copy) for node, copy in zip(former, labelled, strict=True)])
            raise

    async def _held(self, retrieved: Sequence[BaseNode]) -> Sequence[BaseNode]:
        """The nodes as the index holds them now: what was deleted since it was retrieved is not brought back."""
        identifiers = [node.node_id for node in retrieved if not isinstance(node, ImageNode)]
        if not self._vector_store.stores_text:
            docstore = self._index.docstore
            call = self._faces.call
            return await call(docstore.get_nodes, docstore.aget_nodes, identifiers, raise_error=False)
        try:
            return await self._faces.call(self._vector_store.get_nodes, self._vector_store.aget_nodes, identifiers)
        except NotImplementedError:
            return [node for node in retrieved if not isinstance(node, ImageNode)]

    def _embedding_of(self, node: BaseNode) -> list[float] | None:
        """A node's embedding where it is at hand; many stores do not hand it out."""
        if node.embedding is None and isinstance(self._vector_store, SimpleVectorStore):
            return self._vector_store.get(node.node_id)
        return node.embedding

    async def _embedded(self, nodes: Sequence[BaseNode]) -> list[BaseNode]:
        """The nodes with embeddings, all of them made before anything is deleted."""
        model = self._index._embed_model  # noqa: SLF001 - an index tells its model nowhere else
        embeddings = await in_worker(embed_nodes, nodes, model)  # many models' asynchronous face blocks the loop
        return [_under(node, embeddings[node.node_id]) for node in nodes]

    async def _put(self, nodes: list[BaseNode]) -> None:
        index = self._index
        if self._vector_store.class_name() not in _REPLACING:
            await self._faces.call(index.delete_nodes, index.adelete_nodes, [node.node_id for node in nodes])
        await self._faces.call(index.insert_nodes, index.ainsert_nodes, nodes)


def has_asynchronous_face(vector_store: BasePydanticVectorStore) -> bool:
    """Whether its asynchronous methods are its own; those that it inherits call the blocking ones on the loop."""
    default = BasePydanticVectorStore
    if any(getattr(type(vector_store), name) is getattr(default, name) for name in _BLOCKING_DEFAULTS):
        return False
    return getattr(vector_store, "_aclient", vector_store) is not None  # Qdrant's has one only where it was given one


def _under(node: BaseNode, embedding: list[float] | None) -> BaseNode:
    return node.model_copy(update={"embedding": embedding})


def _embedded_as(former: BaseNode, copy: BaseNode) -> BaseNode:
    """The former node, with its copy's embedding where the store did not hand out its own."""
    return former if former.embedding is not None else _under(former, copy.embedding)


def _copied(copy: BaseNode, former: BaseNode) -> BaseNode:
    """The labelled copy with the former node's embedding, unless the label is part of what is embedded."""
    is_same = copy.get_content(MetadataMode.EMBED) == former.get_content(MetadataMode.EMBED)
    return _under(copy, former.embedding if is_same else None)
