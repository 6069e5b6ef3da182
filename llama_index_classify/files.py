"""Files as LlamaIndex documents, read by this project's own extraction, so that no further package is needed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from llama_index.core.schema import Document

from classify_core.background import in_thread
from classify_core.errors import UnreadableDocumentError
from classify_core.files import MAX_FILE_BYTES
from classify_core.grouping import Item
from classify_core.local.extraction import extract
from classify_core.source import Source, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


async def read_files(
    files: Iterable[str | PurePath],
    extra_info: Mapping[str, Any] | None = None,
    fs: Any = None,
) -> list[Item]:
    """Reads files, as many at once as there are processors.

    Each item's `original` is the LlamaIndex document, without text where there is none to be read (a scan, a damaged
    file), and its `source` the file itself, which tells a classifier more than its text does, and why there is none.

    Args:
        files: their paths.
        extra_info: metadata for each document.
        fs: the fsspec file system they are in; by default on this machine.

    Raises:
        MissingExtraError: a format needs a package that is not installed.
    """
    slots = asyncio.Semaphore(os.cpu_count() or 1)

    async def read_one(file: str | PurePath) -> Item:
        async with slots:
            try:
                source = Source.path(file) if fs is None else await in_thread(_fetched, file, fs)
            except UnreadableDocumentError as error:
                return _item(_document(file, "", extra_info or {}), error)
            return _item(_document(file, await _text(source), extra_info or {}), source)

    return await asyncio.gather(*(read_one(file) for file in files))


def _item(document: Document, source: Source | UnreadableDocumentError) -> Item:
    return Item(document.text, document.metadata, original=document, source=source)


def _fetched(file: str | PurePath, fs: Any) -> Source:
    name = PurePath(file).name
    try:
        with fs.open(str(file), "rb") as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except Exception as error:  # a file system may be anybody's
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise UnreadableDocumentError(
            f"the file system cannot give {file}: {reason}; check the path and the access to it", source_name=name
        ) from error
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableDocumentError(
            f"{file} has more than {MAX_FILE_BYTES:,} bytes, which is the limit; split it", source_name=name
        )
    return Source.bytes(data, name=name)


def _document(file: str | PurePath, text: str, extra_info: Mapping[str, Any]) -> Document:
    # The path as identifier lets a docstore recognise the file when it is loaded again.
    return Document(
        id_=str(file),
        text=text,
        metadata={"file_path": str(file), "file_name": Path(file).name, **extra_info},
    )


async def _text(source: Source) -> str:
    try:
        content = await read(source)
        return "" if content is None else (await in_thread(extract, content)).text
    except UnreadableDocumentError:
        return ""  # classifying the same file tells why, under the policy for failures
