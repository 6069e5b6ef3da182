"""From LlamaIndex nodes to what is labelled, and back: two pure steps around the asking."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from llama_index.core.schema import BaseNode, MetadataMode

from classify_core.errors import InvalidOptionError
from classify_core.grouping import Item, origin_of, page_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from classify_core.labels import Labelled
    from classify_core.metadata import MetadataSchema

N = TypeVar("N", bound=BaseNode)


def items_of(nodes: Sequence[BaseNode], *, file: str | None = None) -> list[Item]:
    """What the labeller needs to know of each node.

    Args:
        nodes: nodes or documents.
        file: the one file they come from, where a reader was asked for one: pages that do not name their file are its.

    Raises:
        InvalidOptionError: something among them is neither, or it is a single one.
    """
    check_nodes(nodes)
    return [
        Item(
            text=node.get_content(metadata_mode=MetadataMode.NONE),
            metadata=node.metadata,
            original=node,
            reference=file if file is not None and _is_unnamed_page(node) else reference,
            position=getattr(node, "start_char_idx", None),
        )
        for node, reference in zip(nodes, _references(nodes), strict=True)
    ]


def labelled_node(node: N, metadata: dict[str, Any], schema: MetadataSchema) -> N:
    """A copy of a node that carries a label; identifier, text, embedding and relationships stay.

    The label's long keys are excluded from both texts: a splitter refuses chunks shorter than the metadata it sees.

    Args:
        node: never changed.
        metadata: its metadata with the label; a new dict, which becomes the copy's own.
        schema: the metadata keys.
    """
    return node.model_copy(
        update={
            "metadata": metadata,
            "excluded_embed_metadata_keys": _extended(node.excluded_embed_metadata_keys, schema.embedding_exclusions),
            "excluded_llm_metadata_keys": _extended(node.excluded_llm_metadata_keys, schema.llm_exclusions),
            "relationships": dict(node.relationships),
        }
    )


def labelled_nodes(nodes: Sequence[N], labelled: Iterable[Labelled], schema: MetadataSchema) -> list[N]:
    """Copies of the nodes that remain, in their order, each with its label."""
    return [labelled_node(nodes[one.index], one.metadata, schema) for one in labelled]


def check_nodes(nodes: object) -> None:
    """Refuses what is no list of nodes, by its first member: each of many is not worth a look.

    Raises:
        InvalidOptionError: it is none.
    """
    if isinstance(nodes, (BaseNode, str)) or not isinstance(nodes, Sequence):
        raise InvalidOptionError(f"a list of nodes or documents is expected, not a single {type(nodes).__name__}")
    if nodes and not isinstance(nodes[0], BaseNode):
        raise InvalidOptionError(
            f"a {type(nodes[0]).__name__} is no LlamaIndex node; give documents, such as Document(text=...), or nodes"
        )


def _is_unnamed_page(node: BaseNode) -> bool:
    return page_of(node.metadata) is not None and origin_of(node.metadata) is None


def _references(nodes: Sequence[BaseNode]) -> list[str | None]:
    """Each node's source document; a document that stands beside its own chunks is its own."""
    sources = [node.ref_doc_id for node in nodes]
    named = set(sources)
    return [
        node.node_id if source is None and node.node_id in named else source
        for node, source in zip(nodes, sources, strict=True)
    ]


def _extended(keys: Sequence[str], further: tuple[str, ...]) -> list[str]:
    """A list of its own of `keys`, and those of `further` that are not among them."""
    return list(_united(tuple(keys), further))


@lru_cache
def _united(keys: tuple[str, ...], further: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, as labelling twice must not let the lists grow; kept, since the nodes of a corpus have equal lists."""
    return (*keys, *(key for key in further if key not in keys))
