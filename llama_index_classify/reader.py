"""Loads documents with their type and confidence."""

from __future__ import annotations

from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from llama_index.core.readers.base import BasePydanticReader, BaseReader
from pydantic import field_serializer

from classify_core.background import background
from classify_core.errors import InvalidOptionError
from classify_core.grouping import Item
from classify_core.hosted import HostedBackend
from classify_core.labels import Labelled
from llama_index_classify.component import LlamaIndexComponent
from llama_index_classify.files import read_files
from llama_index_classify.nodes import items_of, labelled_nodes
from llama_index_classify.windows import batches, document_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from llama_index.core.schema import Document

    from classify_core.models import Rule


class ClassifyReader(LlamaIndexComponent, BasePydanticReader):
    """Loads documents and writes each one's type and confidence into its metadata.

    It wraps any reader, whose arguments `load_data` passes on; or takes paths; or, with neither, reads the file that
    `load_data(file)` is given, so that a `SimpleDirectoryReader` can use it for single file types:

        ClassifyReader(SimpleDirectoryReader("inbox"), rules=rules).load_data()
        ClassifyReader(paths=["a.pdf", "b.docx"], rules=rules).load_data()
        by_file = ClassifyReader(rules=rules, on_failure="annotate")
        SimpleDirectoryReader("inbox", file_extractor={".pdf": by_file}).load_data()

    A directory reader prints the error of a file and goes on without it, unless it was told `raise_on_error=True`:
    `on_failure="annotate"` keeps the file there, with the error in its metadata.

    What a wrapped reader loads is classified by its text, one file's pages as one document. Paths and files become
    one document each, under the path as identifier, and the original file is classified: a hosted backend is sent the
    file, a local one reads it here.

    `alazy_load_data` gives what `aload_data` does: LlamaIndex's contract is a plain iterable, and one that classified
    while it is iterated would block the event loop.

    Args:
        reader: any LlamaIndex reader.
        rules: as for `Classifier`, like all further arguments of its; or `classifier=` instead.
        paths: files to load, instead of a reader; always paths, never text.
        prefix: of the metadata keys; short for `metadata_schema=MetadataSchema(prefix=...)`.
        group_by: what one document is; by default the pages of one file. Loaded lazily, what belongs together has to
            come one after the other.
        on_failure: `"raise"` (the default), `"annotate"` or `"skip"`.
        overwrite: whether a type that somebody else wrote may be replaced.
        keep_types: only documents of these types are returned; `"uncategorized"` is one.
        drop_types: documents of these types are not returned.

    Raises:
        InvalidOptionError: both a reader and paths were given, or something else as a reader.
    """

    rebuilt_by_name: ClassVar[tuple[str, ...]] = (*LlamaIndexComponent.rebuilt_by_name, "reader")

    reader: Any = None
    paths: tuple[Path, ...] | None = None
    on_failure: Literal["raise", "annotate", "skip"] = "raise"

    def __init__(
        self,
        reader: BaseReader | None = None,
        rules: Iterable[Rule | Mapping[str, Any]] | None = None,
        *,
        paths: Iterable[str | PurePath] | None = None,
        **arguments: Any,
    ) -> None:
        _check_origin(reader, paths)
        arguments["is_remote"] = False  # known once the backend is
        files = None if paths is None else tuple(Path(path) for path in paths)
        super().__init__(rules, reader=reader, paths=files, **arguments)
        hosted = isinstance(self.classifier.backend, HostedBackend)
        self.is_remote = hosted or bool(getattr(reader, "is_remote", False))

    @classmethod
    def class_name(cls) -> str:
        """The name LlamaIndex knows it by."""
        return "ClassifyReader"

    @field_serializer("reader")
    def _reader_by_name(self, reader: Any) -> dict[str, str] | None:
        # By name only: another reader's dictionary may hold its key.
        return None if reader is None else {"name": type(reader).__name__}

    def load_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        """Loads all documents, labelled.

        Args:
            args: for the wrapped reader; without one the file to read, unless paths were given.
            load_kwargs: for the wrapped reader; without one `extra_info=` (metadata for the document) and `fs=` (an
                fsspec file system).

        Raises:
            BatchError: `on_failure="raise"` and a document could not be classified; the message names it.
            ForeignLabelError: a document carries a type that somebody else wrote.
        """
        if self.reader is None:
            return self._label(background.run(read_files(*self._wanted(*args, **load_kwargs))))
        documents = self.reader.load_data(*args, **load_kwargs)
        return self._label(items_of(documents, file=_file_of(args, load_kwargs)))

    async def aload_data(self, *args: Any, **load_kwargs: Any) -> list[Document]:
        """The same, awaited."""
        if self.reader is None:
            items = await read_files(*self._wanted(*args, **load_kwargs))
        else:
            documents = await self.reader.aload_data(*args, **load_kwargs)
            items = items_of(documents, file=_file_of(args, load_kwargs))
        return self._written(items, (await self.alabelling(items)).passed())

    def lazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterator[Document]:
        """Loads and labels documents a few at a time; errors are raised where they occur."""
        if self.reader is None:
            files, *further = self._wanted(*args, **load_kwargs)
            for batch in batches(files):
                yield from self._label(background.run(read_files(batch, *further)))
            return
        documents, file = _iterated(self.reader, args, load_kwargs), _file_of(args, load_kwargs)
        for window in document_windows(documents, self.group_by, file=file):
            yield from self._label(items_of(window, file=file))

    async def alazy_load_data(self, *args: Any, **load_kwargs: Any) -> Iterable[Document]:
        """Loads all documents, labelled; iterating over them does no further work."""
        return await self.aload_data(*args, **load_kwargs)

    def _wanted(
        self,
        file: str | PurePath | None = None,
        extra_info: Mapping[str, Any] | None = None,
        fs: Any = None,
    ) -> tuple[Sequence[str | PurePath], Mapping[str, Any] | None, Any]:
        """The files to read, under the names that directory readers use for these arguments."""
        if (file is None) == (self.paths is None):
            raise InvalidOptionError(
                "there is nothing to load: pass load_data(file), or ClassifyReader(paths=...) or a reader"
                if file is None
                else f"this reader has paths of its own; load {file} with another one"
            )
        return ([file] if file is not None else list(self.paths or ())), extra_info, fs

    def _label(self, items: list[Item]) -> list[Document]:
        return self._written(items, self.labelling(items).passed())

    def _written(self, items: list[Item], labelled: list[Labelled]) -> list[Document]:
        return labelled_nodes([item.original for item in items], labelled, self.metadata_schema)


def _check_origin(reader: object, paths: object) -> None:
    if reader is not None and not isinstance(reader, BaseReader):
        raise InvalidOptionError(
            f"a {type(reader).__name__} is not a LlamaIndex reader; pass rules and paths by name: "
            "ClassifyReader(paths=[...], rules=[...])"
        )
    if reader is not None and paths is not None:
        raise InvalidOptionError("give a reader or paths=, not both")
    if isinstance(paths, (str, PurePath)):
        raise InvalidOptionError("paths= takes a list of paths; a single one goes into brackets")


def _iterated(reader: BaseReader, args: tuple[Any, ...], load_kwargs: dict[str, Any]) -> Iterable[Document]:
    """The wrapped reader's documents, lazily where it can."""
    is_lazy = type(reader).lazy_load_data is not BaseReader.lazy_load_data
    return (reader.lazy_load_data if is_lazy else reader.load_data)(*args, **load_kwargs)


def _file_of(args: tuple[Any, ...], load_kwargs: Mapping[str, Any]) -> str | None:
    """The file a wrapped reader is asked for; a `str` may be a query or an address as well."""
    file = args[0] if args else load_kwargs.get("file")
    return str(file) if isinstance(file, PurePath) else None
