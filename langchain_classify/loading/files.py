"""Files as LangChain documents, or as blobs for a parser."""

from __future__ import annotations

import mimetypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from classify_core.grouping import Item
from classify_core.source import Source
from classify_core.windows import in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from classify_core.file_reading import Files, ReadFile


@dataclass(frozen=True, slots=True)
class FileItems:
    """Files, each to be classified as a whole.

    Attributes:
        files: the files; without their text they become blobs for a parser.
    """

    files: Files

    def windows(self) -> Generator[list[Item], None, None]:
        """The files, a few at a time.

        Raises:
            MissingExtraError: a format needs a package that is not installed.
        """
        for files in self.files.windows():
            yield [self._item(file) for file in files]

    def awindows(self) -> AsyncGenerator[list[Item], None]:
        """The same off the event loop."""
        return in_threads(self.windows())

    def _item(self, file: ReadFile) -> Item:
        metadata = {"source": file.address, "file_name": file.name}
        original = Document(page_content=file.text, metadata=metadata) if self.files.reads_text else _blob(file)
        return Item(file.text, metadata, original=original, source=file.original)


def _blob(file: ReadFile) -> Blob | None:
    """A file for a parser; None where it cannot be had."""
    if not isinstance(file.original, Source):
        return None
    if file.original.kind == "path":
        return Blob.from_path(file.path)
    return Blob.from_data(file.original.value, mime_type=mimetypes.guess_type(file.name)[0], path=file.address)
