"""Blobs as LangChain documents: what of a blob is classified, what its text is, and what its document tells of it."""

from __future__ import annotations

import codecs
import mimetypes
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from langchain_core.document_loaders.blob_loaders import BlobLoader
from langchain_core.documents import Document
from langchain_core.documents.base import Blob

from classify_core.background import background, in_thread
from classify_core.errors import InvalidOptionError, UnreadableDocumentError
from classify_core.file_listing import reason_of
from classify_core.file_reading import Original, several_at_once, text_of
from classify_core.grouping import Item
from classify_core.source import Source, name_in
from classify_core.windows import batches, in_threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

Blobs: TypeAlias = BlobLoader | Iterable[Blob]


@dataclass(frozen=True, slots=True)
class BlobItems:
    """Blobs, each to be classified as a whole.

    Attributes:
        blobs: the blobs, or what loads them.
        reads_text: whether their documents are made here; if not, a parser makes them.
    """

    blobs: Blobs
    reads_text: bool = True

    def windows(self) -> Generator[list[Item], None, None]:
        """The blobs, a few at a time.

        Raises:
            InvalidOptionError: something else is among them.
            MissingExtraError: a format needs a package that is not installed.
        """
        for batch in batches(self._each()):
            yield background.run(several_at_once(self._item, batch))

    def awindows(self) -> AsyncGenerator[list[Item], None]:
        """The same off the event loop."""
        return in_threads(self.windows())

    def _each(self) -> Iterator[Blob]:
        for blob in self.blobs.yield_blobs() if isinstance(self.blobs, BlobLoader) else self.blobs:
            if not isinstance(blob, Blob):
                raise InvalidOptionError(f"a {type(blob).__name__} is among the blobs; Blob.from_data(...) makes one")
            yield blob

    async def _item(self, blob: Blob) -> Item:
        metadata = metadata_of(blob)
        original = await in_thread(original_of, blob)
        if not self.reads_text:
            return Item("", metadata, original=blob, source=original)
        document = Document(page_content=await text_of(original), metadata=metadata, id=blob.id)
        return Item(document.page_content, metadata, original=document, source=original)


class _OnlyOnce:
    """Blobs that can be had once, such as those of a generator: silently none would come the second time."""

    def __init__(self, blobs: Iterator[Blob]) -> None:
        self._blobs: Iterator[Blob] | None = blobs

    def __iter__(self) -> Iterator[Blob]:
        blobs, self._blobs = self._blobs, None
        if blobs is None:
            raise InvalidOptionError("blobs= was a generator and is used up; give a BlobLoader or a list to load again")
        return blobs


def checked_blobs(blobs: object) -> Blobs:
    """What was given as blobs, a single one among them.

    Raises:
        InvalidOptionError: it is something else.
    """
    if isinstance(blobs, Blob):
        return (blobs,)
    if isinstance(blobs, BlobLoader):
        return blobs
    if isinstance(blobs, Iterable) and not isinstance(blobs, (str, bytes, Mapping)):
        return _OnlyOnce(blobs) if isinstance(blobs, Iterator) else blobs
    raise InvalidOptionError(
        f"blobs= was given a {type(blobs).__name__}; give a BlobLoader or Blobs, or files by paths= instead"
    )


def metadata_of(blob: Blob) -> dict[str, Any]:
    """The metadata of a blob's document: where it comes from, its name and its MIME type; its own metadata wins."""
    known = {"source": blob.source, "file_name": _file_name(blob), "mimetype": blob.mimetype}
    return {key: value for key, value in known.items() if value is not None} | blob.metadata


def original_of(blob: Blob) -> Original:
    """What is classified of a blob: the file that it stands for, which is not read here, or its bytes."""
    name = _name_with_ending(blob)
    if isinstance(blob.data, str):
        # In UTF-8, which every reader knows; the blob's own encoding may lack a character of it.
        return Source.bytes(blob.data.encode("utf-8", "surrogatepass"), name=name)
    try:
        # A blob of a cloud has a path too, which only its own methods can read.
        is_plain = blob.data is None and type(blob).as_bytes is Blob.as_bytes
        if is_plain and blob.path and not _is_in_another_encoding(blob):
            return Source.path(blob.path, name=name)
        return Source.bytes(_in_utf8(blob.as_bytes(), blob), name=name)
    except Exception as error:  # noqa: BLE001 - a blob may be anybody's
        return UnreadableDocumentError(
            f"the blob cannot be read: {reason_of(error)}; check that it is still where it was found", source_name=name
        )


def _in_utf8(data: bytes, blob: Blob) -> bytes:
    try:
        return data.decode(blob.encoding).encode() if _is_in_another_encoding(blob) else data
    except UnicodeError:
        return data  # as it is: classifying it tells what is wrong


def _is_in_another_encoding(blob: Blob) -> bool:
    """Whether it is a text in an encoding that it alone tells; `utf-8` is what every blob tells by default."""
    kind = blob.mimetype or mimetypes.guess_type(_file_name(blob) or "")[0]
    if kind is not None and not kind.startswith("text/"):
        return False
    try:
        return codecs.lookup(blob.encoding).name != "utf-8"
    except LookupError:
        return False


def _file_name(blob: Blob) -> str | None:
    return name_in(str(blob.path or blob.source or ""))


def _name_with_ending(blob: Blob) -> str | None:
    """A name whose ending tells the format, by which the service and the readers here know it."""
    given = blob.metadata.get("file_name")
    name = given if isinstance(given, str) and given else _file_name(blob)
    ending = None if blob.mimetype is None else mimetypes.guess_extension(blob.mimetype)
    if ending is None or (name is not None and mimetypes.guess_type(name)[0] is not None):
        return name
    return f"{name or 'blob'}{ending}"
