"""From LlamaIndex nodes to what is labelled, and back: two pure steps around the asking."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from llama_index.core.schema import BaseNode, MetadataMode

from classify_core.grouping import ORIGIN_KEYS, PAGE_KEYS, Item

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classify_core.labels import Labelled
    from classify_core.metadata import MetadataSchema

N = TypeVar("N", bound=BaseNode)


def items_of(nodes: Sequence[BaseNode], *, file: str | None = None) -> list[Item]:
    """What the labeller needs to know of each node.

    Args:
        nodes: nodes or documents.
        file: the one file they come from, where a reader was asked for one: pages that do not name their file are its.
    """
    references = _references(nodes)
    return [
        Item(
            text=node.get_content(metadata_mode=MetadataMode.NONE),
            metadata=node.metadata,
            original=node,
            reference=file if file is not None and _is_unnamed_page(node) else references[node.node_id],
            position=getattr(node, "start_char_idx", None),
        )
        for node in nodes
    ]


def labelled_node(node: N, metadata: Mapping[str, object], schema: MetadataSchema) -> N:
    """A copy of a node under a metadata dict of its own; identifier, text, embedding and relationships stay.

    The label's long keys are excluded from both texts: a splitter refuses chunks shorter than the metadata it sees.
    """
    return node.model_copy(
        update={
            "metadata": dict(metadata),
            "excluded_embed_metadata_keys": _extended(node.excluded_embed_metadata_keys, schema.embedding_exclusions),
            "excluded_llm_metadata_keys": _extended(node.excluded_llm_metadata_keys, schema.llm_exclusions),
            "relationships": dict(node.relationships),
        }
    )


def labelled_nodes(nodes: Sequence[N], labelled: Iterable[Labelled], schema: MetadataSchema) -> list[N]:
    """Copies of the nodes that remain, in their order, each with its label."""
    return [labelled_node(nodes[one.index], one.metadata, schema) for one in labelled]


def _is_unnamed_page(node: BaseNode) -> bool:
    is_page = any(node.metadata.get(key) is not None for key in PAGE_KEYS)
    return is_page and not any(node.metadata.get(key) for key in ORIGIN_KEYS)


def _references(nodes: Sequence[BaseNode]) -> dict[str, str | None]:
    """Each node's source document; a document that stands beside its own chunks is its own."""
    sources = {node.node_id: node.ref_doc_id for node in nodes}
    named = set(sources.values())
    return {node_id: node_id if source is None and node_id in named else source for node_id, source in sources.items()}


def _extended(keys: Sequence[str], further: Iterable[str]) -> list[str]:
    """`keys`, and those of `further` that are not among them: labelling twice must not let the list grow."""
    return [*keys, *(key for key in further if key not in keys)]
