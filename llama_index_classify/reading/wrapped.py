"""Documents from another LlamaIndex reader, whichever of a reader's methods it has."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from llama_index.core import SimpleDirectoryReader
from llama_index.core.readers.base import BaseReader

from classify_core.background import background, in_thread
from classify_core.windows import windows
from llama_index_classify.nodes import items_of
from llama_index_classify.reading.directory_reader import is_extractor_call, unread_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from llama_index.core.schema import Document

    from classify_core.grouping import GroupBy, Item


@dataclass(frozen=True, slots=True)
class WrappedReader:
    """What a reader loads when it is given these arguments."""

    reader: BaseReader
    args: tuple[Any, ...]
    load_kwargs: Mapping[str, Any]
    group_by: GroupBy

    def items(self) -> list[Item]:
        """All its documents."""
        try:
            return self._items(self._loaded())
        except Exception as error:  # noqa: BLE001 - raised again unless it can be kept
            return [self._kept(error)]

    async def aitems(self) -> list[Item]:
        """The same, awaited."""
        try:
            documents = await self._aloaded()
            # What is no list may do its work while it is iterated, which must not be on the event loop.
            return self._items(documents if isinstance(documents, list) else await in_thread(list, documents))
        except Exception as error:  # noqa: BLE001 - raised again unless it can be kept
            return [self._kept(error)]

    def windows(self) -> Iterator[list[Item]]:
        """The documents a few at a time, as far as the reader itself is lazy."""
        for window in windows(self._iterated(), self._items, self.group_by):
            yield self._items(window)

    @property
    def _file(self) -> str | None:
        """The file the reader is asked for; a `str` may be a query or an address as well."""
        file = self.args[0] if self.args else self.load_kwargs.get("file")
        return str(file) if isinstance(file, PurePath) else None

    def _items(self, documents: Iterable[Document]) -> list[Item]:
        return items_of(documents if isinstance(documents, list) else list(documents), file=self._file)

    def _kept(self, error: Exception) -> Item:
        """A file that the reader cannot read, where a directory reader asked for it and would go on without it."""
        if isinstance(error, ImportError) or not is_extractor_call(self.args, self.load_kwargs):
            raise error
        return unread_file(self.args[0], self.load_kwargs, by=type(self.reader).__name__, error=error)

    def _iterated(self) -> Iterable[Document]:
        if self._has("lazy_load_data"):
            return self.reader.lazy_load_data(*self.args, **self.load_kwargs)
        is_plain = not self.args and self.load_kwargs.keys() <= {"show_progress"}
        if is_plain and isinstance(self.reader, SimpleDirectoryReader):
            return chain.from_iterable(self.reader.iter_data(**self.load_kwargs))
        return self._loaded()

    def _loaded(self) -> Iterable[Document]:
        if self._has("load_data") or self._has("lazy_load_data"):
            return self.reader.load_data(*self.args, **self.load_kwargs)
        # In a thread, because the calling one may run an event loop, and not on ours, which the reader could hold up.
        context = copy_context()
        return background.run(in_thread(lambda: context.run(asyncio.run, self._aloaded())))

    async def _aloaded(self) -> Iterable[Document]:
        loads = any(map(self._has, ("aload_data", "load_data", "lazy_load_data")))
        load = self.reader.aload_data if loads else self.reader.alazy_load_data
        return await load(*self.args, **self.load_kwargs)

    def _has(self, method: str) -> bool:
        return getattr(type(self.reader), method) is not getattr(BaseReader, method)
