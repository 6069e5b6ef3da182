"""Labels written back to a docstore: documents and nodes are replaced by labelled copies under their identifiers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from llama_index_classify.postprocessing.document_texts import DocstoreReader

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode
    from llama_index.core.storage.docstore import BaseDocumentStore

    from classify_core.labels import Label
    from llama_index_classify.postprocessing.faces import Faces
    from llama_index_classify.postprocessing.labelled_copies import LabelledCopies


class DocstoreWriter:
    """Writes labels to what a docstore holds at that moment; what it does not hold is not added.

    Args:
        docstore: where they are written.
        copies: makes the labelled copies.
        faces: how the docstore is called.
    """

    def __init__(self, docstore: BaseDocumentStore, copies: LabelledCopies, faces: Faces) -> None:
        self._docstore = docstore
        self._reader = DocstoreReader(docstore, faces)
        self._copies = copies
        self._faces = faces

    async def write(self, labels: Mapping[str, Label], *, with_nodes: bool) -> None:
        """Writes labels.

        Args:
            labels: by the identifier of a document or node.
            with_nodes: whether a label is for the nodes that were made of the document too.
        """
        labelled: dict[str, BaseNode] = {}
        for identifier, label in labels.items():
            for node in await self._held(identifier, with_nodes=with_nodes):
                copy = self._copies.of(node, label)
                if copy is not None:
                    labelled[copy.node_id] = copy
        if labelled:
            await self._replace(list(labelled.values()))

    async def _held(self, identifier: str, *, with_nodes: bool) -> list[BaseNode]:
        document = await self._reader.document(identifier)
        nodes = await self._reader.nodes_of(identifier) if with_nodes else []
        return nodes if document is None else [document, *nodes]

    async def _replace(self, labelled: list[BaseNode]) -> None:
        """Puts copies in the place of what has their identifiers.

        An ingestion pipeline knows a document by the hash of what it was given, and would ingest it again under that of
        the labelled copy. A node with a source is known by its source, and setting its hash would forget that one.
        """
        docstore = self._docstore
        sourceless = [node.node_id for node in labelled if node.source_node is None]
        hashes = {identifier: await self._hash_of(identifier) for identifier in sourceless}
        await self._faces.call(docstore.add_documents, docstore.async_add_documents, labelled)
        former = {identifier: stored for identifier, stored in hashes.items() if stored is not None}
        if former:
            await self._faces.call(docstore.set_document_hashes, docstore.aset_document_hashes, former)

    async def _hash_of(self, identifier: str) -> str | None:
        docstore = self._docstore
        return await self._faces.call(docstore.get_document_hash, docstore.aget_document_hash, identifier)
