"""Labels retrieved nodes, lets only wanted types through, and ranks them by type."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, ClassVar

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from pydantic import Field, field_serializer

from classify_core.boosting import best_first, boosted, checked_boost
from classify_core.errors import InvalidOptionError
from classify_core.retrieval import RetrievalLabeller
from classify_core.rules import refuse_unknown_types
from classify_core.scopes import Scope, schema_in
from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.nodes import items_of, labelled_node
from llama_index_classify.postprocessing.labelled_copies import LabelledCopies
from llama_index_classify.postprocessing.stores import QueryStores, checked_stores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llama_index.core.indices.base import BaseIndex
    from llama_index.core.schema import NodeWithScore, QueryBundle
    from llama_index.core.storage.docstore import BaseDocumentStore

    from classify_core.grouping import Item
    from classify_core.labelling import Labeller
    from classify_core.labels import Labelled
    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)


class ClassifyPostprocessor(LlamaIndexComponent, BaseNodePostprocessor):
    """Labels retrieved nodes that carry no fresh label, and lets only wanted types through.

    One classification a source document, made of its text in the docstore or else of its retrieved nodes' text in
    reading order; nodes that were labelled at ingestion under the same rules are not classified again. Nodes are
    copied; order and scores are kept, unless `boost` says otherwise. What a query found never teaches each other: a
    label does not depend on which query found its document.

        engine = index.as_query_engine(node_postprocessors=[ClassifyPostprocessor(rules, keep_types=["contract"])])

    A slow, failing, unreachable or unauthorised classifier does not fail the query: the nodes go through with status
    and error in their metadata, unless `on_failure` says otherwise. Neither does a docstore or index that fails: that
    is logged. Where a saved configuration cannot be loaded, no label can be told fresh from stale: what carries one
    keeps it, and nothing is looked up or written.

    Pickled, stores go along where they can be; one in memory is a copy then.

    Args:
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        timeout: seconds for one document and, as the deadline, for all of a query together, looking documents up (half
            of it at most) and writing back included; 10 unless given, here or to the classifier.
        scope: `"document"` (the default): one label for all nodes of a document. `"node"`: each retrieved node is
            classified by itself. Labels of the two kinds have different rules IDs, and neither is fresh for the other:
            under `"node"` a document's label from ingestion is made anew, and replaced.
        group_by: what one document is; by default the nodes of one source document. Not with `scope="node"`. With one
            of your own, documents are not looked up: only nodes, for their labels.
        docstore: where documents are looked up that carry no fresh label: an ingestion pipeline's, which has the
            documents, or a storage context's, which has their nodes. A fresh label there is used; else the document is
            classified by its full text.
        write_back: where new labels are written, so that the next query finds them: a docstore (the document and its
            nodes), an index (a `VectorStoreIndex`: the retrieved nodes; another one: its docstore), or True for
            `docstore=`. Failures are never written, nor what was found while the docstore did not answer. A docstore
            given here is looked into as well, unless another one is given as `docstore=`.
        boost: factors by type, `"uncategorized"` included: scores are multiplied, and the nodes come best first.
        on_failure: `"annotate"` (the default), `"raise"` or `"skip"`.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only nodes of these types pass; `"uncategorized"` is one.
        drop_types: nodes of these types do not pass.

    Raises:
        InvalidOptionError: one of these arguments cannot work.
    """

    default_timeout: ClassVar[float | None] = 10.0
    rebuilt_by_name: ClassVar[tuple[str, ...]] = (*LlamaIndexComponent.rebuilt_by_name, "docstore", "write_back")

    scope: Scope = Field(default="document", frozen=True)
    boost: dict[str, float] | None = Field(default=None, frozen=True)
    docstore: Any = Field(default=None, frozen=True, repr=False)
    write_back: Any = Field(default=False, frozen=True, repr=False)

    def __init__(
        self,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        scope: Scope = "document",
        boost: Mapping[str, float] | None = None,
        docstore: BaseDocumentStore | None = None,
        write_back: bool | BaseDocumentStore | BaseIndex[Any] = False,
        **arguments: Any,
    ) -> None:
        checked_docstore, target = checked_stores(docstore, write_back)
        stores = {"docstore": checked_docstore, "write_back": target}
        arguments |= _grouping_in(scope, arguments)
        super().__init__(rules, scope=scope, boost=checked_boost(boost), **stores, **arguments)
        refuse_unknown_types("boost", self.boost, self.rules, self.metadata_schema.no_match_label)
        self.metadata_schema = schema_in(scope, self.metadata_schema)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyPostprocessor"

    @field_serializer("docstore", "write_back")
    def _store_by_name(self, store: Any) -> dict[str, str] | bool | None:
        return store if store is None or isinstance(store, bool) else {"name": type(store).__name__}

    def labeller(self) -> Labeller:
        """What labels nodes as these fields say, for one query."""
        target = self.docstore if self.write_back is True else self.write_back or None
        if self.docstore is None and target is None:
            return super().labeller()
        copies = LabelledCopies(self.metadata_schema, overwrite=self.overwrite)
        stores = QueryStores(self.docstore, target, copies, by_document=self.group_by == "auto")
        return RetrievalLabeller(self.classifier, self.label_policy(), stores)

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle  # a document's type does not depend on the question
        return self._ranked(nodes, self.labelling(_items(nodes), deadline=self.deadline, adapt=False).passed())

    @dispatcher.span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        del query_bundle
        labelling = await self.alabelling(_items(nodes), deadline=self.deadline, adapt=False)
        return self._ranked(nodes, labelling.passed())

    def _ranked(self, nodes: Sequence[NodeWithScore], labelled: Iterable[Labelled]) -> list[NodeWithScore]:
        scored = [self._labelled(nodes[one.index], one) for one in labelled]
        return scored if self.boost is None else [scored[place] for place in best_first([one.score for one in scored])]

    def _labelled(self, scored: NodeWithScore, labelled: Labelled) -> NodeWithScore:
        node = labelled_node(scored.node, labelled.metadata, self.metadata_schema)
        factor = (self.boost or {}).get(self.metadata_schema.type_of(labelled.label) or "", 1.0)
        return scored.model_copy(update={"node": node, "score": boosted(scored.score, factor)})

    def _picklable_fields(self) -> dict[str, Any]:
        fields = super()._picklable_fields()
        for name in ("docstore", "write_back"):
            _refuse_unpicklable(name, fields[name])
        return fields


def _items(nodes: Sequence[NodeWithScore]) -> list[Item]:
    return items_of([scored.node for scored in nodes])


def _grouping_in(scope: Scope, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What `group_by` has to be; None, which `scope="node"` itself comes to, may stand beside it."""
    if scope != "node":
        return {}
    if arguments.get("group_by") not in (None, "auto"):
        raise InvalidOptionError('scope="node" classifies each node by itself; leave group_by out')
    return {"group_by": None}


def _refuse_unpicklable(name: str, store: object) -> None:
    """Refuses what would be lost on the way to another process.

    Raises:
        InvalidOptionError: the store cannot be pickled.
    """
    try:
        pickle.dumps(store)
    except Exception as error:  # a store may be anybody's, and so may be what it raises
        raise InvalidOptionError(
            f"{name} is a {type(store).__name__}, which cannot travel to another process "
            f"({type(error).__name__}); make the component there"
        ) from error
