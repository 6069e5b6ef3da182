"""Labels retrieved nodes, and lets only wanted types through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.postprocessor.types import BaseNodePostprocessor

from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.nodes import items_of, labelled_node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llama_index.core.schema import NodeWithScore, QueryBundle

    from classify_core.grouping import Item
    from classify_core.labels import Labelled
    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)


class ClassifyPostprocessor(LlamaIndexComponent, BaseNodePostprocessor):
    """Labels retrieved nodes that carry no fresh label, and lets only wanted types through.

    One classification a source document, made of its retrieved nodes' text in reading order; nodes that were labelled
    at ingestion under the same rules are not classified again. Order and scores are kept, nodes are copied.

        engine = index.as_query_engine(node_postprocessors=[ClassifyPostprocessor(rules, keep_types=["contract"])])

    A slow, failing, unreachable or unauthorised classifier does not fail the query: the nodes go through with status
    and error in their metadata, unless `on_failure` says otherwise. Where a saved configuration cannot be loaded, no
    label can be told fresh from stale: what carries one keeps it.

    Args:
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        timeout: seconds for one document and, as the deadline, for all of a query together; 10 unless given here or by
            `classifier=`.
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
        return self._labelled(nodes, self.labelling(_items(nodes), deadline=self.timeout).passed())

    @dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle
        labelling = await self.alabelling(_items(nodes), deadline=self.timeout)
        return self._labelled(nodes, labelling.passed())

    def _labelled(self, nodes: Sequence[NodeWithScore], labelled: Iterable[Labelled]) -> list[NodeWithScore]:
        return [
            nodes[one.index].model_copy(
                update={"node": labelled_node(nodes[one.index].node, one.metadata, self.metadata_schema)}
            )
            for one in labelled
        ]


def _items(nodes: Sequence[NodeWithScore]) -> list[Item]:
    return items_of([scored.node for scored in nodes])
