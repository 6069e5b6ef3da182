"""What a call would cost, found out before anything is sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, computed_field

from classify_core.background import in_thread
from classify_core.cache import Cache
from classify_core.errors import ClassifyError
from classify_core.models import ParsingConfiguration
from classify_core.pricing.page_count import pages_of
from classify_core.pricing.prices import DOLLARS_A_CREDIT, price_of_pages
from classify_core.source import Content, Source, read

logger = logging.getLogger(__name__)

KeyOf: TypeAlias = Callable[[Source, Content | None], str]


class UnreadableSource(BaseModel):
    """A document that will not be sent.

    Attributes:
        name: its own, or its place, such as `"number 3"`.
        reason: why not, and what to do about it.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    reason: str


class Estimate(BaseModel):
    """What a call would cost at the published price: the most that it can, if each page could be counted.

    Less is billed for what the service read within 48 hours, what a former run already made a job of, and documents
    that it cannot classify; it is not asked about any of these.

    Attributes:
        documents: all that were given.
        distinct: the readable ones among them, equal ones counted once.
        cached: the distinct ones whose answer is known here.
        pages: those of the distinct ones that are not cached; what stands in `uncounted` counts as 1 page each.
        credits: the price of these pages; 0.0 where nothing is sent to the hosted service.
        uncounted: documents, by name or place, whose pages cannot be counted here and are at least 1 each: those that
            only the service has, images and unknown formats, damaged and protected files, and PDFs and presentations
            where `classify-adapters[local]` is not installed.
        unreadable: those that will not be sent, and why.
    """

    model_config = ConfigDict(frozen=True)

    documents: int
    distinct: int
    cached: int
    pages: int
    credits: float
    uncounted: tuple[str, ...] = ()
    unreadable: tuple[UnreadableSource, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator above @property, pydantic none below
    @property
    def dollars(self) -> float:
        """The credits at $1.25 a thousand."""
        return self.credits * DOLLARS_A_CREDIT

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def is_exact(self) -> bool:
        """Whether all pages could be counted; otherwise it may become more."""
        return not self.uncounted


async def estimate(
    sources: Iterable[Source] | AsyncIterable[Source],
    *,
    key_of: KeyOf,
    cache: Cache | None,
    parsing: ParsingConfiguration | None,
    is_hosted: bool,
    concurrency: int,
) -> Estimate:
    """Estimates what classifying documents would cost; nothing is sent, and the service is not asked.

    A document on the web is downloaded for that. What was counted is let go: only its key is kept.

    Args:
        sources: fetched as they are needed, on the running event loop.
        key_of: the key of a document in the cache, equal for equal documents; called in a thread.
        cache: the answers that are known; None where there are none.
        parsing: which pages are read.
        is_hosted: whether the documents would go to the hosted service, and cost anything.
        concurrency: how many documents are in hand at once.
    """
    tally = _Tally()
    counter = _Counter(tally, key_of, cache, parsing)
    async with aclosing(_numbered(sources)) as numbered:
        queue = _Queue(numbered)
        workers = [asyncio.create_task(counter.work(queue)) for _ in range(concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
    return tally.estimate(is_hosted=is_hosted)


async def _numbered(sources: Iterable[Source] | AsyncIterable[Source]) -> AsyncGenerator[tuple[int, Source], None]:
    place = 0
    if isinstance(sources, AsyncIterable):
        async for source in sources:
            place += 1
            yield place, source
    else:
        for source in sources:
            place += 1
            yield place, source


class _Queue:
    """Hands the sources out, one at a time: an iterable cannot be asked twice at once."""

    def __init__(self, numbered: AsyncGenerator[tuple[int, Source], None]) -> None:
        self._numbered = numbered
        self._lock = asyncio.Lock()

    async def next(self) -> tuple[int, Source] | None:
        async with self._lock:
            return await anext(self._numbered, None)


@dataclass
class _Tally:
    documents: int = 0
    cached: int = 0
    pages: int = 0
    credits: float = 0.0
    seen: set[str] = field(default_factory=set)
    uncounted: list[tuple[int, str]] = field(default_factory=list)
    unreadable: list[tuple[int, UnreadableSource]] = field(default_factory=list)

    def add_pages(self, place: int, name: str, pages: int | None) -> None:
        self.pages += 1 if pages is None else pages
        self.credits += price_of_pages(pages)
        if pages is None:
            self.uncounted.append((place, name))

    def estimate(self, *, is_hosted: bool) -> Estimate:
        return Estimate(
            documents=self.documents,
            distinct=len(self.seen),
            cached=self.cached,
            pages=self.pages,
            credits=self.credits if is_hosted else 0.0,
            uncounted=tuple(name for _, name in sorted(self.uncounted)),
            unreadable=tuple(source for _, source in sorted(self.unreadable, key=lambda numbered: numbered[0])),
        )


class _Counter:
    def __init__(self, tally: _Tally, key_of: KeyOf, cache: Cache | None, parsing: ParsingConfiguration | None) -> None:
        self._tally = tally
        self._key_of = key_of
        self._cache = cache
        self._parsing = parsing

    async def work(self, queue: _Queue) -> None:
        """Counts documents until there are no more."""
        while (numbered := await queue.next()) is not None:
            place, source = numbered
            name = f"number {place}" if source.name is None else source.name
            self._tally.documents += 1
            try:
                await self._count(place, name, source)
            except ClassifyError as error:
                unreadable = UnreadableSource(name=name, reason=error.message)
                self._tally.unreadable.append((place, unreadable))

    async def _count(self, place: int, name: str, source: Source) -> None:
        content = await read(source)
        key = await in_thread(self._key_of, source, content)
        if key in self._tally.seen:
            return
        self._tally.seen.add(key)
        if await self._is_known(key):
            self._tally.cached += 1
            return
        self._tally.add_pages(place, name, await pages_of(source, content, self._parsing))

    async def _is_known(self, key: str) -> bool:
        try:
            return self._cache is not None and await self._cache.get(key) is not None
        except Exception as error:  # noqa: BLE001 - a cache may be anybody's; what it does not tell is not known
            logger.warning("the cache failed to give an answer: %s", type(error).__name__)
            return False
