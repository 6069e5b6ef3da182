"""`ClassifyBlobParser`: the documents of a blob with its label in metadata, as a step of LangChain's blob loaders."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any

from langchain_core.document_loaders import BaseBlobParser
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from pydantic import Field

from classify_core.component import LabellingFields
from classify_core.labels import OnFailure
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules
from langchain_classify.loading.blobs import BlobItems
from langchain_classify.loading.checks import check_parser, each_alone
from langchain_classify.loading.labelled_loading import LabelledLoading


class ClassifyBlobParser(LabellingFields, ClassifyComponent, BaseBlobParser):
    """Parses blobs, each classified once and as a whole, and writes its type and confidence into each document.

    >>> from classify_core import Rule
    >>> rules = [Rule(type="invoice", description="contains invoice number, line items and total amount")]
    >>> blob = Blob.from_data("Invoice number 7: line items, total amount 20 EUR", path="a.txt")
    >>> ClassifyBlobParser(rules=rules, backend="local").parse(blob)[0].metadata["classify_type"]
    'invoice'

    It goes wherever a `BaseBlobParser` does, such as into a `GenericLoader`, where it has one blob at a time; a
    `ClassifyLoader(blobs=..., parser=...)` classifies many at once.

    Args:
        parser: makes the documents, after the blob was classified, of those that pass; what it raises is raised. By
            default a blob becomes one document, its text read here. Its metadata are then the blob's own, and `source`,
            `file_name` and `mimetype` as far as they are known.
        rules: as for `Classifier`.
        on_failure: `"raise"` (the default) raises `BatchError` where the blob cannot be classified; `"annotate"` writes
            status and error into its documents, of which there is one without text if it cannot be parsed either;
            `"skip"` leaves it out.
        overwrite: replace a type that somebody else wrote.
        keep_types, drop_types: which types pass; `"uncategorized"` is one. What could not be classified always passes.
        fields: the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.

    Raises:
        InvalidOptionError: `parser` is something else.
    """

    model_config = COMPONENT_CONFIG

    parser: Any = Field(default=None, repr=False, frozen=True)
    on_failure: OnFailure = Field(default="raise", frozen=True)

    def __init__(
        self,
        parser: BaseBlobParser | None = None,
        rules: Rules | None = None,
        *,
        on_failure: OnFailure = "raise",
        overwrite: bool = False,
        keep_types: Sequence[str] | None = None,
        drop_types: Sequence[str] | None = None,
        **fields: Any,
    ) -> None:
        check_parser(parser)
        fields |= {"parser": parser, "on_failure": on_failure, "overwrite": overwrite}
        super().__init__(rules, keep_types=keep_types, drop_types=drop_types, **fields)
        each_alone(self.label_policy())

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        """Parses a blob; it is classified when the first document is asked for.

        Raises:
            BatchError: `on_failure` is `"raise"` and it could not be classified.
            ForeignLabelError: it carries somebody else's type.
        """
        yield from self._labelled(blob).documents()

    async def alazy_parse(self, blob: Blob) -> AsyncIterator[Document]:
        """The same; LangChain's own parsers have no asynchronous way."""
        async with aclosing(self._labelled(blob).adocuments()) as documents:
            async for document in documents:
                yield document

    async def aparse(self, blob: Blob) -> list[Document]:
        """All documents of a blob, awaited."""
        return [document async for document in self.alazy_parse(blob)]

    def _labelled(self, blob: Blob) -> LabelledLoading:
        origin = BlobItems((blob,), reads_text=self.parser is None)
        return LabelledLoading(origin, self.classifier, each_alone(self.label_policy()), self.parser)
