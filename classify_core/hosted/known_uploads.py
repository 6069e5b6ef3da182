"""Which documents the service already has, as far as this process knows."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_KNOWN: Final = 10_000


@dataclass(frozen=True, slots=True)
class KnownUpload:
    """A file at the service.

    Attributes:
        file_id: its ID (`dfl-...`).
        until: when it counts as expired, well before the service removes it.
    """

    file_id: str
    until: datetime


class KnownUploads:
    """The files of one account by the documents they hold (`ClassifyRequest.content_key`); used on one event loop.

    The ones used last are kept, at most `MAX_KNOWN`.
    """

    def __init__(self) -> None:
        self._files: OrderedDict[str, KnownUpload] = OrderedDict()
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._under_way: dict[str, asyncio.Future[None]] = {}
        self._uses: Counter[str] = Counter()
        self._doomed: set[str] = set()

    def get(self, document: str, now: datetime) -> KnownUpload | None:
        """A document's file, if one is known that can still be used."""
        known = self._files.get(document)
        if known is None or not self.is_usable(known, now):
            return None
        self._files.move_to_end(document)
        return known

    def is_usable(self, upload: KnownUpload, now: datetime) -> bool:
        """Whether a file lives and was not refused."""
        return now < upload.until and upload.file_id not in self._refused

    def keep(self, document: str, upload: KnownUpload) -> None:
        """Remembers a document's file."""
        self._files[document] = upload
        self._files.move_to_end(document)
        if len(self._files) > MAX_KNOWN:
            self._files.popitem(last=False)

    def drop(self, document: str) -> None:
        """Forgets a document's file, which was deleted."""
        self._files.pop(document, None)

    def refuse(self, document: str, file_id: str | None = None) -> None:
        """Uses a document's file no more, wherever else it is noted: the service does not know it.

        Args:
            document: the document.
            file_id: the file; another one, which took its place meanwhile, stays.
        """
        known = self._files.get(document)
        if known is None or file_id not in {None, known.file_id}:
            return
        del self._files[document]
        self._refused[known.file_id] = None
        if len(self._refused) > MAX_KNOWN:
            self._refused.popitem(last=False)

    @asynccontextmanager
    async def alone_with(self, document: str) -> AsyncIterator[None]:
        """Lets one at a time find or make a document's file; who waited finds it known."""
        while (under_way := self._under_way.get(document)) is not None:
            await asyncio.shield(under_way)
        done = self._under_way[document] = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            del self._under_way[document]
            done.set_result(None)

    def use(self, file_id: str) -> None:
        """Counts an open job that reads the file."""
        self._uses[file_id] += 1

    def release(self, file_id: str, *, delete: bool) -> bool:
        """Takes that back.

        Args:
            file_id: the file.
            delete: whether it is to be deleted, now or when the last open job of this process that reads it has ended.

        Returns:
            Whether to delete it now.
        """
        if delete:
            self._doomed.add(file_id)
        self._uses[file_id] -= 1
        if self._uses[file_id] > 0:
            return False
        del self._uses[file_id]
        is_doomed = file_id in self._doomed
        self._doomed.discard(file_id)
        return is_doomed


def is_same_file(one: str, other: str) -> bool:
    """Whether two IDs name the same file: the service tells an ID also without its prefix (`dfl-`)."""
    return one.endswith(other) or other.endswith(one)
