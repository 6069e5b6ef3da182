"""Labelled copies of what a store holds, where there is something to write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from classify_core.errors import ForeignLabelError
from llama_index_classify.nodes import labelled_node

if TYPE_CHECKING:
    from llama_index.core.schema import BaseNode

    from classify_core.labels import Label
    from classify_core.metadata import MetadataSchema


class LabelledCopies:
    """Makes labelled copies.

    Args:
        schema: the metadata keys.
        overwrite: whether a type that somebody else wrote may be replaced.
    """

    def __init__(self, schema: MetadataSchema, *, overwrite: bool) -> None:
        self._schema = schema
        self._overwrite = overwrite

    def of(self, node: BaseNode, label: Label) -> BaseNode | None:
        """A copy that carries the label; None where the node does already, or carries a type of somebody else."""
        if self.are_labelled(node.metadata, label) or (self._is_foreign(node) and not self._overwrite):
            return None
        return labelled_node(node, self._schema.labelled(node.metadata, label), self._schema)

    def are_labelled(self, metadata: Mapping[str, Any], label: Label) -> bool:
        """Whether metadata carries the label, and nothing of another one."""
        return self._schema.labelled(metadata, label) == metadata

    def _is_foreign(self, node: BaseNode) -> bool:
        try:
            self._schema.refuse_foreign_label(node.metadata, name=None)
        except ForeignLabelError:
            return True
        return False
