"""`ClassifyDocumentCompressor`: labels what a retriever found, and lets only wanted types through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables import RunnableConfig, RunnableLambda

from classify_core.component import LabellingFields
from classify_core.grouping import GroupBy
from classify_core.labels import Labelled, OnFailure, SourceChoice
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules
from langchain_classify.documents import labelled_documents
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import adocuments_in, documents_in, items_of, labels_of, references_to


class ClassifyDocumentCompressor(LabellingFields, ClassifyComponent, BaseDocumentCompressor):
    """Labels retrieved documents that carry no fresh label, and lets only wanted types through.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> compressor = ClassifyDocumentCompressor(rules, backend="local", keep_types=["invoice"])
    >>> found = [Document(page_content="Invoice number 7: line items, total amount 20 EUR")]
    >>> compressor.compress_documents(found, "what do we owe?")[0].metadata["classify_type"]
    'invoice'

    It stands in a `ContextualCompressionRetriever` (of langchain-classic), alone or in a `DocumentCompressorPipeline`:

        ContextualCompressionRetriever(base_retriever=store.as_retriever(), base_compressor=compressor)

    The documents are new ones, with the ID and all metadata of the old, in the order of the retriever. The retrieved
    pages of a file share one classification, and a document that was labelled at ingestion under the same rules is not
    classified again. A type does not depend on the question, which is not looked at, nor on what else was found: the
    documents never teach each other.

    A slow, failing, unreachable or unauthorised classifier does not fail the query: the documents go through with
    status and error in their metadata, unless `on_failure` says otherwise. Where a saved configuration cannot be
    loaded, no label can be told fresh from stale, and what carries one keeps it.

    The run that it adds to the retriever's shows callbacks and tracers names, sizes and digests, never texts; a
    retriever's own run records the documents that it returns. To label parts by themselves where their documents are
    labelled already, give `group_by=None` and another `prefix`.

    Args:
        group_by: what one document is: `"auto"` (the pages of a file), a metadata key, a function of a document, or
            None: each alone.
        source: what is classified: `"text"`, the documents' own, or `"file"`, the original that their metadata names,
            as for `ClassifyDocumentTransformer`. Whoever writes the metadata decides which files are read.
        on_failure: `"annotate"` keeps a document that could not be classified, with status and error in its metadata;
            `"skip"` leaves it out; `"raise"` raises `BatchError` once all have been worked on.
        overwrite: replace a type that somebody else wrote.
        keep_types, drop_types: which types pass; `"uncategorized"` is one. What could not be classified always passes.
        timeout: seconds for one document and, as the deadline, for all of a query together; 10 unless given, here or to
            the classifier.
        fields: the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.
    """

    model_config = COMPONENT_CONFIG

    default_timeout: ClassVar[float | None] = 10.0

    def __init__(
        self,
        rules: Rules | None = None,
        *,
        group_by: GroupBy = "auto",
        source: SourceChoice = "text",
        on_failure: OnFailure = "annotate",
        overwrite: bool = False,
        keep_types: Sequence[str] | None = None,
        drop_types: Sequence[str] | None = None,
        timeout: float | None = None,
        **fields: Any,
    ) -> None:
        fields |= {"group_by": group_by, "source": source, "on_failure": on_failure, "overwrite": overwrite}
        super().__init__(rules, keep_types=keep_types, drop_types=drop_types, timeout=timeout, **fields)

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Returns those of the documents that pass, labelled.

        Args:
            documents: what a retriever found.
            query: not looked at.
            callbacks: are told of a run of ours, and within it of each document's progress.

        Raises:
            ForeignLabelError: a document carries somebody else's type; nothing was classified.
            BatchError: `on_failure` is `"raise"` and a document could not be classified.
            InvalidOptionError: something else than documents was given.
        """
        del query
        given, labelled = documents_in(documents), list[Labelled]()

        def label(_: Any) -> dict[str, Any]:
            labelling = self.labeller().label(
                items_of(given), deadline=self.deadline, adapt=False, on_progress=dispatched_progress()
            )
            labelled.extend(labelling.passed())
            return labels_of(given, labelled, self.metadata_schema)

        RunnableLambda(label).invoke(references_to(given), self._config(callbacks))
        return labelled_documents(given, labelled)

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """The same, awaited; cancelling it cancels the work."""
        del query
        given, labelled = await adocuments_in(documents), list[Labelled]()

        async def label(_: Any) -> dict[str, Any]:
            async with adispatched_progress() as callback:
                labelling = await self.labeller().alabel(
                    items_of(given), deadline=self.deadline, adapt=False, on_progress=callback
                )
            labelled.extend(labelling.passed())
            return labels_of(given, labelled, self.metadata_schema)

        await RunnableLambda(label).ainvoke(references_to(given), self._config(callbacks))
        return labelled_documents(given, labelled)

    def _config(self, callbacks: Callbacks | None) -> RunnableConfig:
        """That of our run; without callbacks those of the run that the call is made in are told."""
        return {"callbacks": callbacks, "run_name": type(self).__name__}
