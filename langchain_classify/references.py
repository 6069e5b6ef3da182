"""What LangChain hands over as a source to classify, and what a tracer may know of it: never the text."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Sequence
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from langchain_core.documents import Document

from classify_core.background import in_thread
from classify_core.errors import InvalidOptionError
from classify_core.grouping import Item
from classify_core.source import Source, SourceLike
from classify_core.windows import ending

if TYPE_CHECKING:
    from classify_core.labels import Labelled
    from classify_core.metadata import MetadataSchema

DocumentLike: TypeAlias = Document | Source | str | Path | bytes
"""A LangChain document, or a source: a `str` is a text, a `Path` a file."""

# A trace is read by people; a hundred thousand pages in it are read by nobody.
MAX_TRACED: Final = 100


def source_of(value: DocumentLike | SourceLike, *, name: str | None = None) -> Source:
    """The source in what was handed over.

    Args:
        value: a document or anything that `Source.of` takes.
        name: the document's name, where it has none of its own.

    Raises:
        InvalidOptionError: it is something else.
    """
    if isinstance(value, Document):
        return Source.text(value.page_content, name=item_of(value).display_name if name is None else name)
    if isinstance(value, str):
        return Source.text(value, name=name)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Source.bytes(value, name=name)
    return Source.of(value)


def item_of(document: Document) -> Item:
    """A document as the labeller sees it."""
    return Item(text=document.page_content, metadata=document.metadata, original=document)


def documents_in(values: Iterable[Document]) -> list[Document]:
    """The documents of an iterable.

    Raises:
        InvalidOptionError: something else is among them, or a single document was given.
    """
    return list(each_document(values))


async def adocuments_in(values: Iterable[Document]) -> list[Document]:
    """The same; what may do its work while it is iterated does so in a thread, never on the running loop."""
    if isinstance(values, (list, tuple)):
        return documents_in(values)
    return await in_thread(copy_context().run, documents_in, values)


def each_document(values: Iterable[Document]) -> Iterator[Document]:
    """The documents of an iterable, as they come; who breaks off ends a generator too.

    Raises:
        InvalidOptionError: what comes is none, or a single document was given.
    """
    if isinstance(values, (Document, str)) or not isinstance(values, Iterable):
        raise InvalidOptionError(f"a {type(values).__name__} was given; give a list of Documents")
    try:
        for place, document in enumerate(values):
            yield _checked(document, place)
    finally:
        if isinstance(values, Generator):
            values.close()


async def aeach_document(values: AsyncIterable[Document]) -> AsyncIterator[Document]:
    """The same of an asynchronous iterable."""
    async with ending(values):
        place = 0
        async for document in values:
            yield _checked(document, place)
            place += 1


def items_of(documents: Sequence[Document]) -> list[Item]:
    """Documents as the labeller sees them."""
    return [item_of(document) for document in documents]


def references_to(documents: Sequence[Document]) -> dict[str, Any]:
    """How many documents, and name, size and digest of the first hundred."""
    told = [source_of(document).reference for document in documents[:MAX_TRACED]]
    return {"count": len(documents), "documents": told}


def labels_of(documents: Sequence[Document], labelled: Sequence[Labelled], schema: MetadataSchema) -> dict[str, Any]:
    """How many documents remain, and name, type and status of the first hundred."""
    told = [
        {
            "name": item_of(documents[one.index]).display_name,
            "type": schema.type_of(one.label),
            "status": one.label[schema.key("status")],
        }
        for one in labelled[:MAX_TRACED]
    ]
    return {"count": len(labelled), "documents": told}


def _checked(value: Any, place: int) -> Document:
    if not isinstance(value, Document):
        raise InvalidOptionError(f"item {place} is a {type(value).__name__}, not a Document")
    return value
