"""Loads documents with their type and confidence."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # exported, not declared
from llama_index.core.readers.base import BasePydanticReader, BaseReader
from pydantic import Field, field_serializer

from classify_core.background import in_thread
from classify_core.errors import InvalidOptionError
from classify_core.file_reading import Files, checked_file_system, checked_paths, refuse_addresses
from classify_core.hosted import HostedBackend
from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.nodes import labelled_nodes
from llama_index_classify.reading.directory_reader import is_extractor_call, telling_of_losses
from llama_index_classify.reading.file_documents import FileDocuments, directory_facts
from llama_index_classify.reading.file_system import is_elsewhere, refuse_files_elsewhere
from llama_index_classify.reading.wrapped import WrappedReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Mapping

    from llama_index.core.schema import Document

    from classify_core.grouping import Item
    from classify_core.labels import Labelling
    from classify_core.models import Rule

dispatcher = get_dispatcher(__name__)


class ClassifyReader(LlamaIndexComponent, BasePydanticReader):
    """Loads documents and writes each one's type and confidence into its metadata.

    It wraps any reader, whose arguments `load_data` passes on; or takes paths; or, with neither, reads the file that
    `load_data(file)` is given, so that a `SimpleDirectoryReader` can use it for single file types:

        ClassifyReader(SimpleDirectoryReader("inbox"), rules=rules).load_data()
        ClassifyReader(paths=["inbox", "archive/**/*.pdf"], rules=rules).load_data()
        ClassifyReader(paths="bucket/inbox", fs=fsspec.filesystem("s3"), rules=rules).load_data()
        by_file = ClassifyReader(rules=rules)
        SimpleDirectoryReader("inbox", file_extractor={".pdf": by_file}).load_data()

    What a wrapped reader loads is classified by its text, one file's pages as one document; with `source="file"` by
    the file that its metadata names. Paths and files become one document each, with the metadata that a directory
    reader writes, and the original file is classified: a hosted backend is sent the file, a local one reads it here.
    The path is the identifier, that of a file system its address (`s3://bucket/a.pdf`).

    A folder stands for all files below it, by name; a pattern for what it matches; hidden files do not count, and a
    file that is met twice is loaded once. A file that is not there is a document that failed; a folder or pattern
    without files is told in the log, and nothing else.

    A directory reader prints the error of a file and goes on without it, unless it was told `raise_on_error=True`.
    So what it asks for is annotated when it fails, unless `on_failure` is given; `"raise"` is for `raise_on_error`.

    `load_data` holds all documents at once, and what a file system gave too; `lazy_load_data` and `astream_data` a few.
    So with the embedded engine the documents of `load_data` teach each other what their types look like here (`adapt=`
    of `Classifier`), and those that come a few at a time never do: their labels would depend on how they come.
    `alazy_load_data` gives what `aload_data` does: LlamaIndex's contract is a plain iterable, and one that classified
    while it is iterated would block the event loop.

    Args:
        reader: any LlamaIndex reader.
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        paths: files, folders and patterns to load, instead of a reader; always paths, never text.
        fs: the fsspec file system that the paths, or the files given to `load_data`, are in; by default this machine's.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        group_by: what one document is; by default the pages of one file. Loaded lazily, what belongs together has to
            come one after the other.
        source: of what a wrapped reader loads: `"text"` (the default) or `"file"`.
        on_failure: `"raise"` (the default, but see above), `"annotate"` or `"skip"`.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only documents of these types are returned; `"uncategorized"` is one.
        drop_types: documents of these types are not returned.

    Raises:
        InvalidOptionError: both a reader and paths or a file system were given, or something else as one of them.
    """

    rebuilt_by_name: ClassVar[tuple[str, ...]] = (*LlamaIndexComponent.rebuilt_by_name, "reader", "fs")

    # What is handed over may hold a key, which its repr may show.
    reader: Any = Field(default=None, repr=False)
    paths: tuple[str, ...] | None = None
    fs: Any = Field(default=None, repr=False)
    on_failure: Literal["raise", "annotate", "skip"] = "raise"

    def __init__(
        self,
        reader: BaseReader | None = None,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        paths: str | PurePath | Iterable[str | PurePath] | None = None,
        fs: Any = None,
        **arguments: Any,
    ) -> None:
        _check_origin(reader, paths, fs)
        arguments["is_remote"] = False  # known once the backend is
        if arguments.get("on_failure") is None:
            arguments.pop("on_failure", None)
        file_system = checked_file_system(fs)
        given = None if paths is None else checked_paths(paths)
        super().__init__(rules, reader=reader, paths=given, fs=file_system, **arguments)
        hosted = isinstance(self.classifier.backend, HostedBackend)
        self.is_remote = hosted or bool(getattr(reader, "is_remote", False)) or is_elsewhere(file_system)

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyReader"

    @field_serializer("reader", "fs")
    def _by_name(self, given: Any) -> dict[str, str] | None:
        # By name only: another reader's dictionary, or a file system's options, may hold a key.
        return None if given is None else {"name": type(given).__name__}

    @field_serializer("on_failure")
    def _on_failure_as_given(self, _: str) -> str | None:
        return self._given_on_failure

    @dispatcher.span
    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        """Loads all documents, labelled.

        Args:
            args: for the wrapped reader; without one the file to read, unless paths were given.
            load_kwargs: for the wrapped reader; without one `extra_info=` (metadata for each document) and `fs=` (an
                fsspec file system).

        Raises:
            BatchError: `on_failure="raise"` and a document could not be classified; the message names it.
            ForeignLabelError: a document carries a type that somebody else wrote.
        """
        with telling_of_losses(args, load_kwargs):
            items = self._origin(args, load_kwargs).items()
            return self._written(items, self.labelling(items), keeps=self._keeps_failures(args, load_kwargs))

    @dispatcher.span
    async def aload_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        """The same, awaited."""
        with telling_of_losses(args, load_kwargs):
            items = await self._origin(args, load_kwargs).aitems()
            return self._written(items, await self.alabelling(items), keeps=self._keeps_failures(args, load_kwargs))

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
        """Loads and labels documents a few at a time; errors are raised where they occur."""
        for items in self._origin(args, load_kwargs).windows():
            yield from self._written(items, self.labelling(items, adapt=False))

    async def astream_data(self, *args: Any, **load_kwargs: Any) -> AsyncIterator[Document]:
        """The same for `async for`; the event loop is never held up."""
        windows = self._origin(args, load_kwargs).windows()
        while (items := await in_thread(next, windows, None)) is not None:
            for document in self._written(items, await self.alabelling(items, adapt=False)):
                yield document

    async def alazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterable[Document]:
        """Loads all documents, labelled; iterating over them does no further work."""
        return await self.aload_data(*args, **load_kwargs)

    def _origin(self, args: tuple[Any, ...], load_kwargs: dict[str, Any]) -> FileDocuments | WrappedReader:
        if self.reader is None:
            return self._files(*args, **load_kwargs)
        if self.source == "file":
            refuse_files_elsewhere(self.reader, load_kwargs.get("fs"))
        return WrappedReader(self.reader, args, load_kwargs, self.group_by)

    def _files(
        self,
        file: str | PurePath | None = None,
        extra_info: Mapping[str, Any] | None = None,
        fs: Any = None,
    ) -> FileDocuments:
        """The files to read, under the names that directory readers use for these arguments."""
        if (file is None) == (self.paths is None):
            raise InvalidOptionError(
                "there is nothing to load: pass load_data(file), or ClassifyReader(paths=...) or a reader"
                if file is None
                else f"this reader has paths of its own; load {file} with another one"
            )
        paths = (str(file),) if self.paths is None else self.paths
        file_system = self.fs if fs is None else checked_file_system(fs)
        refuse_addresses(paths, file_system)
        # Who asks for one file and brings metadata, as a directory reader does, has said all that is to be in it.
        facts_of = directory_facts if file is None or extra_info is None else None
        files = Files(paths, file_system, are_listed=file is None, facts_of=facts_of)
        return FileDocuments(files, extra_info or {})

    def _keeps_failures(self, args: tuple[Any, ...], load_kwargs: dict[str, Any]) -> bool:
        return self._given_on_failure is None and is_extractor_call(args, load_kwargs)

    def _written(self, items: list[Item], labelling: Labelling, *, keeps: bool = False) -> list[Document]:
        # Failures are annotated in `labelled` under "raise" too; only `passed` raises.
        labelled = labelling.labelled if keeps else labelling.passed()
        return labelled_nodes([item.original for item in items], labelled, self.metadata_schema)

    @property
    def _given_on_failure(self) -> str | None:
        """None where the policy was left to the default, which depends on who loads."""
        return self.on_failure if "on_failure" in self.model_fields_set else None

    def _picklable_fields(self) -> dict[str, Any]:
        return super()._picklable_fields() | {"on_failure": self._given_on_failure}


def _check_origin(reader: object, paths: object, fs: object) -> None:
    if reader is not None and not isinstance(reader, BaseReader):
        raise InvalidOptionError(
            f"a {type(reader).__name__} is not a LlamaIndex reader; pass rules and paths by name: "
            "ClassifyReader(paths=[...], rules=[...])"
        )
    if reader is not None and paths is not None:
        raise InvalidOptionError("give a reader or paths=, not both")
    if reader is not None and fs is not None:
        raise InvalidOptionError("a wrapped reader has files of its own; give fs= to it, or paths= instead of it")
