"""What the tests of the loader and the blob parser use: loaders, blobs and parsers as people write them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from langchain_core.document_loaders import BaseBlobParser, BaseLoader
from langchain_core.document_loaders.blob_loaders import BlobLoader
from langchain_core.documents import Document
from langchain_core.documents.base import Blob
from pypdf import PdfReader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

WAYS = ("load", "lazy_load", "aload", "alazy_load")
LETTERS = ("an invoice", "a recipe", "a poem")


class Texts(BaseLoader):
    """Loads one document of each text; counts those that were taken."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.taken = 0

    def lazy_load(self) -> Iterator[Document]:
        for number, text in enumerate(self.texts):
            self.taken += 1
            yield Document(page_content=text, metadata={"source": f"{number}.txt"}, id=str(number))


class PagesOfPdf(BaseBlobParser):
    """One document a page, with the metadata that LangChain's own PDF parsers write."""

    def __init__(self) -> None:
        self.parsed: list[str | None] = []

    def lazy_parse(self, blob: Blob) -> Iterator[Document]:
        self.parsed.append(blob.source)
        reader = PdfReader(BytesIO(blob.as_bytes()))
        for number, page in enumerate(reader.pages):
            metadata = {"source": blob.source, "page": number, "total_pages": len(reader.pages)}
            yield Document(page_content=page.extract_text(), metadata=metadata)


class PdfLoader(BaseLoader):
    """Loads the pages of PDF files, as LangChain's own PDF loaders do."""

    def __init__(self, *paths: Path) -> None:
        self.paths = paths

    def lazy_load(self) -> Iterator[Document]:
        for path in self.paths:
            yield from PagesOfPdf().lazy_parse(Blob.from_path(path))


class HeldBlobs(BlobLoader):
    """Gives blobs and counts those that were taken."""

    def __init__(self, blobs: Sequence[Blob]) -> None:
        self.blobs = blobs
        self.taken = 0

    def yield_blobs(self) -> Iterator[Blob]:
        for blob in self.blobs:
            self.taken += 1
            yield blob


class GenericLoader(BaseLoader):
    """What LangChain's community package has under this name: whatever blobs, through whatever parser."""

    def __init__(self, blob_loader: BlobLoader, blob_parser: BaseBlobParser) -> None:
        self.blob_loader = blob_loader
        self.blob_parser = blob_parser

    def lazy_load(self) -> Iterator[Document]:
        for blob in self.blob_loader.yield_blobs():
            yield from self.blob_parser.lazy_parse(blob)


async def loaded(loader: Any, way: str) -> list[Document]:
    """All documents, loaded in one of the `WAYS`."""
    found = getattr(loader, way)()
    if way == "aload":
        return await found
    return await gathered(found) if way == "alazy_load" else list(found)


async def gathered(documents: AsyncIterator[Document]) -> list[Document]:
    return [document async for document in documents]


async def all_ways(loader: Any) -> list[list[Document]]:
    return [await loaded(loader, way) for way in WAYS]


def types(documents: list[Document]) -> list[str | None]:
    return [document.metadata.get("classify_type") for document in documents]


def statuses(documents: list[Document]) -> list[str]:
    return [document.metadata["classify_status"] for document in documents]


def without_label(document: Document) -> dict[str, Any]:
    return {key: value for key, value in document.metadata.items() if not key.startswith("classify_")}
