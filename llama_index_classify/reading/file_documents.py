"""Files as LlamaIndex documents, read by this project's own extraction, so that no further package is needed."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

from llama_index.core.readers.file.base import default_file_metadata_func
from llama_index.core.schema import Document

from classify_core.background import in_thread
from classify_core.errors import UnreadableDocumentError
from classify_core.file_systems import address_of, fetched
from classify_core.grouping import Item
from classify_core.local.extraction import extract
from classify_core.source import Source, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classify_core.file_listing import ListedFile

# What LlamaIndex's own directory reader writes and hides from both texts; that a file was looked at is no fact about
# it, and would make it another document each time.
_HIDDEN_FACTS: Final = ("file_name", "file_type", "file_size", "creation_date", "last_modified_date")


@dataclass(frozen=True, slots=True)
class FileReading:
    """How files become documents.

    Attributes:
        fs: the fsspec file system they are in; None on this machine.
        extra_info: metadata for each document, which wins over what is known of the file.
        tells_facts: whether size, type and dates are written, as a directory reader does.
    """

    fs: Any = None
    extra_info: Mapping[str, Any] = field(default_factory=dict)
    tells_facts: bool = True

    async def items(self, files: Sequence[ListedFile]) -> list[Item]:
        """Reads files, as many at once as there are processors.

        Each item's `original` is the LlamaIndex document, without text where there is none to be read (a scan, a
        damaged file), and its `source` the file itself, which tells a classifier more than its text does, and why there
        is none.

        Raises:
            MissingExtraError: a format needs a package that is not installed.
        """
        slots = asyncio.Semaphore(os.cpu_count() or 1)
        # A file system that is not asynchronous inside may have a single connection.
        line = None if self.fs is None or getattr(self.fs, "async_impl", False) else asyncio.Lock()

        async def read_one(file: ListedFile) -> Item:
            async with slots:
                async with AsyncExitStack() as turn:
                    if line is not None:
                        await turn.enter_async_context(line)
                    source, facts = await in_thread(self._looked_up, file)
                return self._item(file.path, source, await _text(source), facts)

        return await asyncio.gather(*(read_one(file) for file in files))

    def unread(self, path: str, error: UnreadableDocumentError) -> Item:
        """A file that cannot be had, as a document without text."""
        return self._item(path, error, "", {})

    def _looked_up(self, file: ListedFile) -> tuple[Source | UnreadableDocumentError, dict[str, Any]]:
        if file.fault is not None:
            return UnreadableDocumentError(file.fault, source_name=PurePath(file.path).name), {}
        try:
            source = Source.path(file.path) if self.fs is None else fetched(file.path, self.fs)
        except UnreadableDocumentError as error:
            return error, {}
        return source, _facts(file.path, self.fs) if self.tells_facts else {}

    def _item(self, path: str, source: Source | UnreadableDocumentError, text: str, facts: Mapping[str, Any]) -> Item:
        hidden = list(_HIDDEN_FACTS) if self.tells_facts else []
        document = Document(
            # An identifier of its own lets a docstore recognise the file when it is loaded again.
            id_=path if self.fs is None else address_of(path, self.fs),
            text=text,
            metadata={"file_path": path, "file_name": PurePath(path).name, **facts, **self.extra_info},
            excluded_embed_metadata_keys=hidden,
            excluded_llm_metadata_keys=list(hidden),
        )
        return Item(document.text, document.metadata, original=document, source=source)


def _facts(path: str, fs: Any) -> dict[str, Any]:
    try:
        known = default_file_metadata_func(path, fs)
    except Exception:  # noqa: BLE001 - a file system may be anybody's, and classifying the file tells what is wrong
        return {}
    return {key: known[key] for key in _HIDDEN_FACTS if key in known}


async def _text(source: Source | UnreadableDocumentError) -> str:
    if isinstance(source, UnreadableDocumentError):
        return ""
    try:
        content = await read(source)
        return "" if content is None else (await in_thread(extract, content)).text
    except UnreadableDocumentError:
        return ""  # classifying the same file tells why, under the policy for failures
