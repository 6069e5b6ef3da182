"""`ClassifyLoader`: loads documents with their type and confidence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing
from pathlib import PurePath
from typing import Any

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.document_loaders.blob_loaders import BlobLoader
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from pydantic import Field

from classify_core.component import LabellingFields
from classify_core.file_reading import Files, checked_file_system, checked_paths, refuse_addresses
from classify_core.grouping import GroupBy
from classify_core.labels import OnFailure, SourceChoice
from langchain_classify.component import COMPONENT_CONFIG, ClassifyComponent, Rules
from langchain_classify.loading.blobs import BlobItems, checked_blobs
from langchain_classify.loading.checks import check_origin, each_alone
from langchain_classify.loading.files import FileItems
from langchain_classify.loading.labelled_loading import LabelledLoading
from langchain_classify.loading.wrapped import WrappedLoader


class ClassifyLoader(LabellingFields, ClassifyComponent, BaseLoader):
    """Loads documents and writes each one's type and confidence into its metadata.

    It wraps any loader, or takes paths or blobs:

        ClassifyLoader(PyPDFDirectoryLoader("inbox"), rules=rules).load()
        ClassifyLoader(paths=["inbox", "archive/**/*.pdf"], rules=rules).load()
        ClassifyLoader(paths="bucket/inbox", fs=fsspec.filesystem("s3"), rules=rules).load()
        ClassifyLoader(blobs=FileSystemBlobLoader("inbox"), parser=PyPDFParser(), rules=rules).load()

    What a wrapped loader loads is classified by its text, one file's adjacent pages as one document; with
    `source="file"` by the file that its metadata names. Its documents keep class, ID and metadata.

    A file or blob is classified as a whole and once: a hosted backend is sent the original, a local one reads it here.
    It becomes one document with its text, or those that `parser` makes of it once it is classified. A file's metadata
    are `source` (its path, or its address in `fs`, such as `s3://bucket/a.pdf`) and `file_name`; a blob's are its own,
    and `source`, `file_name` and `mimetype` as far as they are known; a parser's are the parser's.

    A folder stands for all files below it, by name; a pattern for what it matches; hidden files do not count, and a
    file that is met twice is loaded once. A file that is not there is a document that failed; a folder or pattern
    without files is told in the log, and nothing else.

    `lazy_load` and `alazy_load` read and classify some 32 documents at a time, and take nothing that is not asked for;
    none of the documents teaches another, since labels would depend on how they come. An error, of the loader too, is
    raised behind the documents before it. So do `load` and `aload`, unless the backend adapts (`adapt=` of
    `Classifier`), as the embedded one does: then they read all documents, which teach each other what their types look
    like here, and what a file system or a blob loader gave is held until then. `alazy_load` and `aload` never hold up
    the event loop: they use the wrapped loader's own `alazy_load` where it has one, else a thread.

    Args:
        loader: any LangChain loader.
        rules: as for `Classifier`.
        paths: files, folders and patterns to load; always paths, never text.
        fs: the fsspec file system that the paths are in; by default this machine's.
        blobs: a `BlobLoader`, or blobs; those of a generator can be loaded once.
        parser: makes the documents of files and blobs, such as one for each page; what it raises is raised.
        group_by: what one document is among those that a wrapped loader loads; by default the pages of one file. What
            belongs together has to come one after the other.
        source: of what a wrapped loader loads: `"text"` (the default) or `"file"`.
        on_failure: `"raise"` (the default) raises `BatchError`; `"annotate"` keeps a document that could not be
            classified, with status and error in its metadata; `"skip"` leaves it out.
        overwrite: replace a type that somebody else wrote.
        keep_types, drop_types: which types pass; `"uncategorized"` is one. What could not be classified always passes.
        fields: the arguments of `Classifier`, or `classifier=`; see `ClassifyComponent`.

    Raises:
        InvalidOptionError: not exactly one of a loader, paths and blobs was given, or something else as one of them.
    """

    model_config = COMPONENT_CONFIG

    # What is handed over may hold a key or a text, which its repr may show.
    loader: Any = Field(default=None, repr=False, frozen=True)
    paths: tuple[str, ...] | None = Field(default=None, frozen=True)
    fs: Any = Field(default=None, repr=False, frozen=True)
    blobs: Any = Field(default=None, repr=False, frozen=True)
    parser: Any = Field(default=None, repr=False, frozen=True)
    on_failure: OnFailure = Field(default="raise", frozen=True)

    def __init__(
        self,
        loader: BaseLoader | None = None,
        rules: Rules | None = None,
        *,
        paths: str | PurePath | Iterable[str | PurePath] | None = None,
        fs: Any = None,
        blobs: BlobLoader | Blob | Iterable[Blob] | None = None,
        parser: BaseBlobParser | None = None,
        group_by: GroupBy = "auto",
        source: SourceChoice = "text",
        on_failure: OnFailure = "raise",
        overwrite: bool = False,
        keep_types: Sequence[str] | None = None,
        drop_types: Sequence[str] | None = None,
        **fields: Any,
    ) -> None:
        check_origin(loader, paths=paths, fs=fs, blobs=blobs, parser=parser)
        fields |= {"group_by": group_by, "source": source, "on_failure": on_failure, "overwrite": overwrite}
        fields |= {"loader": loader, "fs": checked_file_system(fs), "parser": parser}
        fields["paths"] = None if paths is None else checked_paths(paths)
        fields["blobs"] = None if blobs is None else checked_blobs(blobs)
        super().__init__(rules, keep_types=keep_types, drop_types=drop_types, **fields)
        refuse_addresses(self.paths or (), self.fs)
        if loader is None:
            each_alone(self.label_policy())

    def load(self) -> list[Document]:
        """Loads and labels all documents; errors are those of `lazy_load`."""
        return self._labelled().all_documents() if self.adapts else super().load()

    async def aload(self) -> list[Document]:
        """The same, awaited."""
        return await self._labelled().aall_documents() if self.adapts else await super().aload()

    def lazy_load(self) -> Iterator[Document]:
        """Loads and labels documents a few at a time.

        Raises:
            BatchError: `on_failure` is `"raise"` and a document could not be classified; the message names it, and
                `.outcomes` are those of the documents that were classified together with it.
            ForeignLabelError: a document carries a type that somebody else wrote.
        """
        yield from self._labelled().documents()

    async def alazy_load(self) -> AsyncIterator[Document]:
        """The same for `async for`."""
        async with aclosing(self._labelled().adocuments()) as documents:
            async for document in documents:
                yield document

    def _labelled(self) -> LabelledLoading:
        policy = self.label_policy()
        if self.loader is not None:
            return LabelledLoading(WrappedLoader(self.loader, self.group_by), self.classifier, policy)
        return LabelledLoading(self._originals(), self.classifier, each_alone(policy), self.parser)

    def _originals(self) -> FileItems | BlobItems:
        if self.paths is None:
            return BlobItems(self.blobs, reads_text=self.parser is None)
        return FileItems(Files(self.paths, self.fs, reads_text=self.parser is None))
