"""`ClassifyDocumentTransformer`: documents in, the same documents with their label in metadata out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import RunnableConfig, RunnableSerializable

from classify_core.component import LabellingFields
from classify_core.grouping import GroupBy
from classify_core.labels import Labelled, OnFailure
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import documents_in, item_of, labels_of, references_to


class ClassifyDocumentTransformer(
    LabellingFields,
    ClassifyComponent,
    BaseDocumentTransformer,
    RunnableSerializable[Sequence[Document], list[Document]],
):
    """Writes each document's type and confidence into its metadata; usable as a transformer and in a `|` chain.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> transformer = ClassifyDocumentTransformer(rules, backend="local")
    >>> page = Document(page_content="Invoice number 7: line items, total amount 20 EUR")
    >>> transformer.transform_documents([page])[0].metadata["classify_type"]
    'invoice'

    The documents are new ones, with the ID and all metadata of the old. The pages of a file share one classification,
    and a document that carries a fresh label is not classified again. As a runnable it shows callbacks and tracers
    names, sizes and digests, never texts; a sequence that it is a step of records its own inputs and outputs.

    Args:
        group_by: what one document is: `"auto"` (the pages of a file), a metadata key, a function of a document, or
            None: each alone.
        on_failure: `"annotate"` keeps a document that could not be classified, with status and error in its metadata;
            `"skip"` leaves it out; `"raise"` raises `BatchError` once all have been worked on.
        overwrite: replace a type that somebody else wrote.
        keep_types, drop_types: which types pass; `"uncategorized"` is one. What could not be classified always passes.
        fields: the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.
    """

    model_config = COMPONENT_CONFIG

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        group_by: GroupBy = "auto",
        on_failure: OnFailure = "annotate",
        overwrite: bool = False,
        keep_types: Sequence[str] | None = None,
        drop_types: Sequence[str] | None = None,
        **fields: Any,
    ) -> None:
        fields |= {"group_by": group_by, "on_failure": on_failure, "overwrite": overwrite}
        super().__init__(rules, keep_types=keep_types, drop_types=drop_types, **fields)

    def transform_documents(
        self, documents: Iterable[Document], *, show_progress: bool = False, **kwargs: Any
    ) -> list[Document]:
        """Returns the labelled documents, in the order given.

        Raises:
            ForeignLabelError: a document carries somebody else's type; nothing was classified.
            BatchError: `on_failure` is `"raise"` and a document could not be classified.
            InvalidOptionError: something else than documents was given.
        """
        del kwargs  # the transformers of a pipeline share theirs
        given = documents_in(documents)
        return _written(given, self._label(given, show_progress=show_progress))

    async def atransform_documents(
        self, documents: Iterable[Document], *, show_progress: bool = False, **kwargs: Any
    ) -> list[Document]:
        """The same, awaited; cancelling it cancels the work."""
        del kwargs
        given = documents_in(documents)
        return _written(given, await self._alabel(given, show_progress=show_progress))

    def invoke(self, input: Iterable[Document], config: RunnableConfig | None = None, **kwargs: Any) -> list[Document]:  # noqa: A002 - LangChain's name
        """The same as a step of a chain."""
        del kwargs  # a chain passes what it was given to all of its steps
        given, labelled = documents_in(input), list[Labelled]()

        def transform(_: Any) -> Any:
            labelled.extend(self._label(given))
            return labels_of(given, labelled, self.metadata_schema)

        self._call_with_config(transform, cast("Any", references_to(given)), config)
        return _written(given, labelled)

    async def ainvoke(
        self,
        input: Iterable[Document],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same, awaited."""
        del kwargs
        given, labelled = documents_in(input), list[Labelled]()

        async def transform(_: Any) -> Any:
            labelled.extend(await self._alabel(given))
            return labels_of(given, labelled, self.metadata_schema)

        await self._acall_with_config(transform, cast("Any", references_to(given)), config)
        return _written(given, labelled)

    def _label(self, documents: Sequence[Document], *, show_progress: bool = False) -> list[Labelled]:
        items = [item_of(document) for document in documents]
        return self.labeller().label(items, show_progress=show_progress, on_progress=dispatched_progress()).passed()

    async def _alabel(self, documents: Sequence[Document], *, show_progress: bool = False) -> list[Labelled]:
        items = [item_of(document) for document in documents]
        async with adispatched_progress() as callback:
            labelling = await self.labeller().alabel(items, show_progress=show_progress, on_progress=callback)
        return labelling.passed()


def _written(documents: Sequence[Document], labelled: Sequence[Labelled]) -> list[Document]:
    """New documents with their labels; a copy with a new dict keeps ID and class."""
    return [documents[one.index].model_copy(update={"metadata": one.metadata}) for one in labelled]
