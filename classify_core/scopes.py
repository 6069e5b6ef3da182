"""What a label is about: a whole document, or one node of it for itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from classify_core.classification import Classification
from classify_core.metadata import MetadataSchema, MetadataValue

Scope: TypeAlias = Literal["document", "node"]
"""`document`: one label for all nodes of a source document; `node`: one for each node."""

_NODE_MARK: Final = ":node"


def schema_in(scope: Scope, schema: MetadataSchema) -> MetadataSchema:
    """The metadata schema whose labels are about what the scope says; given its own result, an equal one."""
    return NodeMetadataSchema(**schema.model_dump()) if scope == "node" else schema


class NodeMetadataSchema(MetadataSchema):
    """Writes labels of single nodes, and takes only such labels for fresh.

    The rules ID is marked: where labels of both kinds meet in a store, nobody takes a chunk's type for its document's,
    or a document's for what a chunk is about.
    """

    def to_metadata(self, classification: Classification) -> dict[str, MetadataValue]:
        """Turns a node's classification into flat metadata."""
        label = super().to_metadata(classification)
        return label | {self.key("rules_id"): f"{classification.rules_id}{_NODE_MARK}"}

    def fresh_label(self, metadata: Mapping[str, Any], rules_id: str) -> dict[str, MetadataValue] | None:
        """The label that `metadata` carries, if it was made of this node under these rules; else None."""
        return super().fresh_label(metadata, rules_id + _NODE_MARK)
