"""What a router keeps one record of: a document with all that was handed over of it, such as the pages of a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

# Which key two items share is what tells the same file in the next run, whose pages may have new identifiers.
from classify_core.grouping import GroupBy, Item, document_key, grouped
from classify_core.metadata import MetadataKey, MetadataSchema
from llama_index_classify.failures import document_id_of
from llama_index_classify.nodes import items_of

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

# A reader that classifies writes these too, and another job, or the next version of a model, writes others.
_PASSING: Final[tuple[MetadataKey, ...]] = ("confidence", "reasoning", "error", "backend", "job_id", "rules_id")


@dataclass(frozen=True, slots=True)
class Unit:
    """One document, all of which is routed again when any of it has changed.

    Attributes:
        name: the same in every run: the file of pages, the source document of chunks, a document's own identifier.
        indices: its nodes' places in the list that was given, in reading order.
        document_ids: the identifiers under which stores keep it.
        hash: of its text and metadata, besides what of a label differs from time to time; empty where nobody asks.
    """

    name: str
    indices: tuple[int, ...]
    document_ids: tuple[str, ...]
    hash: str


def units_of(nodes: Sequence[BaseNode], group_by: GroupBy, *, schema: MetadataSchema, is_hashed: bool) -> list[Unit]:
    """The documents that nodes come from; nodes of one source document are one, however they are classified.

    Args:
        nodes: nodes or documents.
        group_by: what is classified as one.
        schema: the keys of labels that nodes may carry.
        is_hashed: whether the hashes are needed.
    """
    items = items_of(nodes)
    named = dict[str, list[int]]()
    for indices in grouped(items, group_by):
        first = indices[0]
        named.setdefault(_name(nodes[first], items[first], group_by), []).extend(indices)
    passing = frozenset(map(schema.key, _PASSING)) if is_hashed else None
    return [_unit(name, indices, nodes, passing) for name, indices in named.items()]


def _name(node: BaseNode, item: Item, group_by: GroupBy) -> str:
    match document_key(item, group_by):
        case None:
            return document_id_of(node)
        case ("origin" | "reference", name) if group_by == "auto":
            return str(name)
        case key:
            return str(key)


def _unit(name: str, indices: Sequence[int], nodes: Sequence[BaseNode], passing: frozenset[str] | None) -> Unit:
    own = [nodes[index] for index in indices]
    hashed = "" if passing is None else "\n".join(_hash(node, passing) for node in own)
    document_ids = tuple(dict.fromkeys(map(document_id_of, own)))
    return Unit(name, tuple(indices), document_ids, hashlib.sha256(hashed.encode()).hexdigest())


def _hash(node: BaseNode, passing: frozenset[str]) -> str:
    if passing.isdisjoint(node.metadata):
        return node.hash
    lasting = {key: value for key, value in node.metadata.items() if key not in passing}
    return node.model_copy(update={"metadata": lasting}).hash
