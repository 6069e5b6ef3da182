"""Labels retrieved nodes, and lets only wanted types through."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, ClassVar

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.postprocessor.types import BaseNodePostprocessor

from classify_core.background import background
from classify_core.errors import ClassifyError, ClassifyTimeoutError
from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.nodes import items_of, labelled_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llama_index.core.schema import NodeWithScore, QueryBundle

    from classify_core.grouping import Item
    from classify_core.labelling import Labelled
    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)
logger = logging.getLogger(__name__)


class ClassifyPostprocessor(LlamaIndexComponent, BaseNodePostprocessor):
    """Labels retrieved nodes that carry no fresh label, and lets only wanted types through.

    One classification a source document, made of its retrieved nodes' text in reading order; nodes that were labelled
    at ingestion under the same rules are not classified again. Order and scores are kept, nodes are copied.

        engine = index.as_query_engine(node_postprocessors=[ClassifyPostprocessor(rules, keep_types=["contract"])])

    A slow, failing, unreachable or unauthorised classifier does not fail the query: the nodes go through with status
    and error in their metadata. Where a saved configuration cannot be loaded, no label can be told fresh from stale:
    the nodes go through as they are and a warning is logged. Both unless `on_failure` says otherwise.

    Args:
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        timeout: seconds for one document; 10 unless given here or by `classifier=`.
        group_by: what one document is; by default the nodes of one source document.
        on_failure: `"annotate"` (the default), `"raise"` or `"skip"`.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only nodes of these types pass; `"uncategorized"` is one.
        drop_types: nodes of these types do not pass.
    """

    default_timeout: ClassVar[float | None] = 10.0

    def __init__(self, rules: Iterable[Rule | Mapping[str, Any]] | None = None, **arguments: Any) -> None:
        super().__init__(rules, **arguments)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyPostprocessor"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle  # a document's type does not depend on the question
        try:
            self._prepare()
        except Exception as error:  # noqa: BLE001 - whatever the classifier does, an answer is worth more than a label
            return self._unlabelled(nodes, error)
        return self._labelled(nodes, self._labeller().label(_items(nodes)))

    @dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle
        try:
            await self._aprepare()
        except Exception as error:  # noqa: BLE001 - as above
            return self._unlabelled(nodes, error)
        return self._labelled(nodes, await self._labeller().alabel(_items(nodes)))

    def _prepare(self) -> None:
        if self.configuration_id is not None:
            background.run(self._aprepare())

    async def _aprepare(self) -> None:
        """Loads a saved configuration; it counts as slow after a document's time."""
        if self.configuration_id is None:
            return
        try:
            await asyncio.wait_for(self.classifier.aprepare(), self.timeout)
        except TimeoutError as error:
            raise ClassifyTimeoutError(f"not loaded within {self.timeout:g} s", timeout=self.timeout) from error

    def _labelled(self, nodes: Sequence[NodeWithScore], labelled: Iterable[Labelled]) -> list[NodeWithScore]:
        return [
            nodes[one.index].model_copy(
                update={"node": labelled_node(nodes[one.index].node, one.metadata, self.metadata_schema)}
            )
            for one in labelled
        ]

    def _unlabelled(self, nodes: Sequence[NodeWithScore], error: Exception) -> list[NodeWithScore]:
        """What becomes of nodes when not even the rules are known; such that carry a label are never skipped."""
        if self.on_failure == "raise":
            raise error
        logger.warning(
            "the saved configuration %s could not be loaded, so %d retrieved nodes were not classified: %s",
            self.configuration_id,
            len(nodes),
            error if isinstance(error, ClassifyError) else type(error).__name__,
        )
        if self.on_failure == "skip":
            return [one for one in nodes if self.metadata_schema.type_of(one.node.metadata) is not None]
        return list(nodes)


def _items(nodes: Sequence[NodeWithScore]) -> list[Item]:
    return items_of([scored.node for scored in nodes])
