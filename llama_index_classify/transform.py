"""Labels nodes and documents while they are ingested."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.schema import BaseNode, TransformComponent

from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.nodes import items_of, labelled_nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)


class ClassifyTransform(LlamaIndexComponent, TransformComponent):
    """A step of an `IngestionPipeline` that writes each document's type and confidence into its nodes' metadata.

    It stands before or after a splitter; nodes of one source document share one classification. Nodes are copied,
    never changed, and nodes that carry a fresh label are not classified again.

        pipeline = IngestionPipeline(transformations=[SentenceSplitter(), ClassifyTransform(rules)])

    The pipeline's cache keeps what a step returned for a whole batch, annotated failures too, and knows nodes by text,
    not by identifier. With `disable_cache=True` the pipeline leaves caching to the classifier, which keeps single
    documents and only their successes; do so with `configuration_id`, whose rules may change at the service.

    A type that somebody else wrote is an error before anything is classified, and a step that raises makes a docstore
    with `DUPLICATES_ONLY` forget the documents of the run: choose another `prefix`, or `overwrite=True`, beforehand.
    LlamaIndex shows the nodes of each step, with their texts, to its span handlers; a key is never among that.

    Args:
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        group_by: what one document is; by default the nodes of one source document.
        on_failure: `"annotate"` (the default: status and error become metadata), `"raise"` or `"skip"`. A step that
            raises makes some docstore strategies forget the document.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only nodes of these types remain; `"uncategorized"` is one.
        drop_types: nodes of these types do not remain.
    """

    def __init__(self, rules: Iterable[Rule | Mapping[str, Any]] | None = None, **arguments: Any) -> None:
        super().__init__(rules, **arguments)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyTransform"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """Returns labelled copies of the nodes that remain, in their order.

        Args:
            nodes: nodes or documents; never changed.
            kwargs: `show_progress=True` shows a bar; what else a pipeline passes on is for other steps.

        Raises:
            ForeignLabelError: a node carries a type that somebody else wrote; nothing was classified.
            BatchError: `on_failure="raise"` and a document could not be classified.
        """
        labelling = self.labelling(items_of(nodes), show_progress=_shows_progress(kwargs))
        return labelled_nodes(nodes, labelling.passed(), self.metadata_schema)

    @dispatcher.span
    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        """The same, awaited."""
        labelling = await self.alabelling(items_of(nodes), show_progress=_shows_progress(kwargs))
        return labelled_nodes(nodes, labelling.passed(), self.metadata_schema)


def _shows_progress(kwargs: Mapping[str, Any]) -> bool:
    return bool(kwargs.get("show_progress", False))
