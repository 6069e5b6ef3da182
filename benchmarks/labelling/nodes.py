"""LlamaIndex's nodes, and `ClassifyTransform`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from llama_index.core.schema import BaseNode, NodeRelationship, ObjectType, RelatedNodeInfo, TextNode

from benchmarks.labelling.corpus import RULES, Corpus
from classify_core import Backend
from llama_index_classify import ClassifyTransform

_EXCLUDED: Final = ("file_name", "file_type", "file_size", "creation_date", "last_modified_date")


class Nodes:
    """Nodes as `SimpleDirectoryReader` and a splitter leave them."""

    chunk = "node"
    bare_copy = "model_copy()"

    def chunks_of(self, corpus: Corpus, number: int) -> list[BaseNode]:
        """The nodes of one document, made anew."""
        metadata = _metadata(number)
        source = RelatedNodeInfo(node_id=f"document-{number}", node_type=ObjectType.DOCUMENT, metadata=metadata)
        return [
            TextNode(
                id_=f"document-{number}-{position}",
                text=corpus.text(number, position),
                metadata=dict(metadata),
                excluded_embed_metadata_keys=list(_EXCLUDED),
                excluded_llm_metadata_keys=list(_EXCLUDED),
                relationships={NodeRelationship.SOURCE: source},
                start_char_idx=position * corpus.characters,
                end_char_idx=(position + 1) * corpus.characters,
            )
            for position in range(corpus.chunks_a_document)
        ]

    def copied(self, chunks: Sequence[BaseNode]) -> list[BaseNode]:
        """Copies that share their containers."""
        return [chunk.model_copy() for chunk in chunks]

    def labelling(self, backend: Backend) -> Callable[[Sequence[BaseNode]], list[BaseNode]]:
        """A new step."""
        return ClassifyTransform(RULES, backend=backend)


def _metadata(number: int) -> dict[str, str | int]:
    """What `SimpleDirectoryReader` writes, and two keys of somebody's own."""
    return {
        "file_path": f"/data/inbox/document-{number}.txt",
        "file_name": f"document-{number}.txt",
        "file_type": "text/plain",
        "file_size": 48_000 + number,
        "creation_date": "2026-03-01",
        "last_modified_date": "2026-03-02",
        "author": f"author {number % 17}",
        "title": f"Document number {number}",
    }
