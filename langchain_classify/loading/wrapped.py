"""The documents of another LangChain loader."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_core.document_loaders import BaseLoader

from classify_core.windows import awindows, in_threads, windows
from langchain_classify.references import aeach_document, each_document, items_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from classify_core.grouping import GroupBy, Item


@dataclass(frozen=True, slots=True)
class WrappedLoader:
    """What a loader loads.

    Attributes:
        loader: the loader.
        group_by: what one document is; its adjacent pages are never in two windows.
    """

    loader: BaseLoader
    group_by: GroupBy

    def windows(self) -> Generator[list[Item], None, None]:
        """The documents a few at a time, as far as the loader itself is lazy."""
        for window in windows(each_document(self.loader.lazy_load()), items_of, self.group_by):
            yield items_of(window)

    def awindows(self) -> AsyncGenerator[list[Item], None]:
        """The same off the event loop: by the loader's own asynchronous way, if it has one, else in threads."""
        is_asynchronous = type(self.loader).alazy_load is not BaseLoader.alazy_load
        return self._asynchronous_windows() if is_asynchronous else in_threads(self.windows())

    async def _asynchronous_windows(self) -> AsyncGenerator[list[Item], None]:
        documents = aeach_document(self.loader.alazy_load())
        async with aclosing(awindows(documents, items_of, self.group_by)) as found:
            async for window in found:
                yield items_of(window)
