"""What a docstore holds of a document: it itself, as ingestion pipelines keep it, or its nodes, as indices do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from classify_core.grouping import grouped, joined_text
from classify_core.retrieval import StoredDocument
from llama_index_classify.nodes import items_of

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode
    from llama_index.core.storage.docstore import BaseDocumentStore

    from llama_index_classify.postprocessing.faces import Faces


class DocstoreReader:
    """Reads documents and nodes by identifier.

    Args:
        docstore: where they are.
        faces: how it is called.
    """

    def __init__(self, docstore: BaseDocumentStore, faces: Faces) -> None:
        self._docstore = docstore
        self._faces = faces

    async def document(self, identifier: str) -> BaseNode | None:
        """The document or node of that identifier; None where there is none."""
        docstore = self._docstore
        return await self._faces.call(docstore.get_document, docstore.aget_document, identifier, raise_error=False)

    async def nodes_of(self, identifier: str) -> list[BaseNode]:
        """The nodes that were made of a document, as far as the docstore has them."""
        docstore = self._docstore
        info = await self._faces.call(docstore.get_ref_doc_info, docstore.aget_ref_doc_info, identifier)
        if info is None:
            return []
        return await self._faces.call(docstore.get_nodes, docstore.aget_nodes, info.node_ids, raise_error=False)

    async def stored_document(self, identifier: str) -> StoredDocument | None:
        """What is held of a document: it itself comes first, then its nodes in reading order; None where neither is."""
        document = await self.document(identifier)
        if document is not None and text_of([document]) is not None:
            return StoredDocument(text_of([document]), (document.metadata,))
        nodes = await self.nodes_of(identifier) or ([] if document is None else [document])
        return StoredDocument(text_of(nodes), tuple(node.metadata for node in nodes)) if nodes else None


def text_of(nodes: Sequence[BaseNode]) -> str | None:
    """The text of nodes of one document, in reading order; None where they hold none."""
    items = items_of(nodes)
    text = "\n\n".join(joined_text(items, indices) for indices in grouped(items, lambda _: "the document"))
    return text if text.strip() else None
