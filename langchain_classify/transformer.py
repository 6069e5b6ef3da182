"""`ClassifyDocumentTransformer`: documents in, the same documents with their label in metadata out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from langchain_core.documents import BaseDocumentTransformer, Document
from langchain_core.runnables import RunnableConfig, RunnableSerializable

from classify_core.background import in_thread
from classify_core.component import LabellingFields
from classify_core.grouping import GroupBy
from classify_core.labels import Labelling, OnFailure, SourceChoice
from classify_core.windows import (
    awindows,
    awindows_of_lists,
    before_failure,
    ending,
    in_threads,
    windows,
    windows_of_lists,
)
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules
from langchain_classify.documents import labelled_documents
from langchain_classify.progress import adispatched_progress, dispatched_progress
from langchain_classify.references import (
    adocuments_in,
    aeach_document,
    documents_in,
    each_document,
    items_of,
    labels_of,
)
from langchain_classify.transforming import TransformingMethods

if TYPE_CHECKING:
    from langchain_classify.transforming import Transformed


class ClassifyDocumentTransformer(
    TransformingMethods,
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
    and a document that carries a fresh label is not classified again. One that could not be classified carries status
    and error and no type; given once more, it is the one that is classified.

    With the embedded engine the documents of a list teach each other what their types look like here, from a few dozen
    on (`adapt=` of `Classifier`).

    `lazy_transform_documents` and `alazy_transform_documents` take and give any number of documents, a few at a time.
    So do `transform` and `atransform`, by which a chain streams. What belongs to one document has to come one after
    the other then, somebody else's type is found only when its turn comes, and no document teaches another, since
    labels would depend on how the documents come.

    As a runnable it shows callbacks and tracers names, sizes and digests, never texts, also through `with_retry`, which
    does not try again what will never succeed. What else stands around it, such as a sequence, `map` or fallbacks,
    records its own inputs and outputs. A batch is of lists: the config's `max_concurrency` bounds how many are worked
    on at once, and the classifier how many documents of all of them are.

    Args:
        group_by: what one document is: `"auto"` (the pages of a file), a metadata key, a function of a document, or
            None: each alone.
        source: `"text"` (the default), or `"file"`: the original that the metadata names, read when it is classified.
            `parse_job_id` (`pjb-...`, not billed again) and `file_id` (`dfl-...`) count where the backend is hosted,
            then `file_path`, then `source` where there is a file of that name: a path, a relative one from the working
            directory, or a `file://` address. Where nothing is named, or several originals by one document, it is the
            text. Whoever writes the metadata decides which files are read.
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
        source: SourceChoice = "text",
        on_failure: OnFailure = "annotate",
        overwrite: bool = False,
        keep_types: Sequence[str] | None = None,
        drop_types: Sequence[str] | None = None,
        **fields: Any,
    ) -> None:
        fields |= {"group_by": group_by, "source": source, "on_failure": on_failure, "overwrite": overwrite}
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
        return labelled_documents(given, self._labelling(given, show_progress=show_progress).passed())

    async def atransform_documents(
        self, documents: Iterable[Document], *, show_progress: bool = False, **kwargs: Any
    ) -> list[Document]:
        """The same, awaited; cancelling it cancels the work."""
        del kwargs
        given = await adocuments_in(documents)
        labelling = await self._alabelling(given, show_progress=show_progress)
        return await in_thread(labelled_documents, given, labelling.passed())

    def lazy_transform_documents(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yields the labelled documents, a few at a time; so many are taken, and no more than a few ahead.

        What came before an error, of the iterable too, is yielded before it is raised.

        Raises:
            ForeignLabelError: a document carries somebody else's type; of the few it came with none was classified.
            BatchError: `on_failure` is `"raise"` and one of a few documents could not be classified.
            InvalidOptionError: something else than documents came.
        """
        for window in windows(each_document(documents), items_of, self.group_by):
            labelling = self._labelling(window, adapt=False)
            yield from labelled_documents(window, before_failure(labelling))
            labelling.passed()

    async def alazy_transform_documents(
        self, documents: AsyncIterable[Document] | Iterable[Document]
    ) -> AsyncIterator[Document]:
        """The same for `async for`; a synchronous iterable is iterated in threads, never on the running loop."""
        async with aclosing(self._awindows(documents)) as given:
            async for window in given:
                labelling = await self._alabelling(window, adapt=False)
                for document in labelled_documents(window, before_failure(labelling)):
                    yield document
                labelling.passed()

    def transform(
        self,
        input: Iterator[Iterable[Document]],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Iterator[list[Document]]:
        """Labels a stream of lists, a few documents at a time, each few a run; a list that comes alone is one run."""
        del kwargs
        lists = filter(None, map(documents_in, input))
        for number, window in enumerate(windows_of_lists(lists, items_of, self.group_by)):
            yield self._invoked(window, _of_run(config, number), adapt=False)

    async def atransform(
        self,
        input: AsyncIterator[Iterable[Document]],  # noqa: A002 - LangChain's name
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[list[Document]]:
        """The same, awaited."""
        del kwargs
        number = 0
        async with aclosing(awindows_of_lists(_alists(input), items_of, self.group_by)) as given:
            async for window in given:
                yield await self._ainvoked(window, _of_run(config, number), adapt=False)
                number += 1

    def _transformed(
        self, documents: list[Document], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> Transformed:
        del run_manager, config  # progress is told to the running context
        labelled = self._labelling(documents, **options).passed()
        return labelled_documents(documents, labelled), labels_of(documents, labelled, self.metadata_schema)

    async def _atransformed(
        self, documents: list[Document], run_manager: Any, config: RunnableConfig, **options: Any
    ) -> Transformed:
        del run_manager, config
        labelled = (await self._alabelling(documents, **options)).passed()
        found = await in_thread(labelled_documents, documents, labelled)
        return found, labels_of(documents, labelled, self.metadata_schema)

    def _awindows(
        self, documents: AsyncIterable[Document] | Iterable[Document]
    ) -> AsyncGenerator[list[Document], None]:
        if isinstance(documents, AsyncIterable):
            return awindows(aeach_document(documents), items_of, self.group_by)
        return in_threads(windows(each_document(documents), items_of, self.group_by))

    def _labelling(
        self, documents: Sequence[Document], *, show_progress: bool = False, adapt: bool | None = None
    ) -> Labelling:
        items, callback = items_of(documents), dispatched_progress()
        return self.labeller().label(items, show_progress=show_progress, adapt=adapt, on_progress=callback)

    async def _alabelling(
        self, documents: Sequence[Document], *, show_progress: bool = False, adapt: bool | None = None
    ) -> Labelling:
        items = items_of(documents)
        async with adispatched_progress() as callback:
            return await self.labeller().alabel(items, show_progress=show_progress, adapt=adapt, on_progress=callback)


async def _alists(chunks: AsyncIterable[Iterable[Document]]) -> AsyncIterator[list[Document]]:
    async with ending(chunks):
        async for chunk in chunks:
            if documents := await adocuments_in(chunk):
                yield documents


def _of_run(config: RunnableConfig | None, number: int) -> RunnableConfig | None:
    """The config of one of several runs: only the first can have the identifier that was asked for."""
    return config if config is None or number == 0 else {**config, "run_id": None}
