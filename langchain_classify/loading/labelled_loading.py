"""Labelling what is loaded, a few at a time or all together, and the documents that come of it."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Protocol

from langchain_core.documents import Document

from classify_core.labelling import Labeller
from classify_core.windows import before_failure, in_threads
from langchain_classify.documents import labelled_documents
from langchain_classify.references import each_document, item_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator, Sequence

    from langchain_core.document_loaders import BaseBlobParser

    from classify_core.classifier import Classifier
    from classify_core.grouping import Item
    from classify_core.labels import Label, Labelled, LabelPolicy


class Origin(Protocol):
    """Where documents come from.

    The `original` of each item is its document; or, for a parser, its blob, or None where that cannot be had.
    """

    def windows(self) -> Generator[list[Item], None, None]:
        """The items, a few at a time."""

    def awindows(self) -> AsyncGenerator[list[Item], None]:
        """The same off the event loop."""


@dataclass(frozen=True, slots=True)
class LabelledLoading:
    """Documents that are labelled while they are loaded.

    Attributes:
        origin: where they come from.
        classifier: what classifies them.
        policy: how labels are made and written.
        parser: makes the documents of a blob, once it is classified.
    """

    origin: Origin
    classifier: Classifier
    policy: LabelPolicy
    parser: BaseBlobParser | None = None

    def documents(self) -> Generator[Document, None, None]:
        """The documents, none of which teaches another; an error is raised behind those that came before it."""
        for items in self.origin.windows():
            labelling = self._labeller.label(items, adapt=False)
            yield from self._written(items, before_failure(labelling))
            labelling.passed()

    async def adocuments(self) -> AsyncGenerator[Document, None]:
        """The same; the event loop is never held up."""
        async with aclosing(self.origin.awindows()) as windows:
            async for items in windows:
                labelling = await self._labeller.alabel(items, adapt=False)
                async with aclosing(self._awritten(items, before_failure(labelling))) as documents:
                    async for document in documents:
                        yield document
                labelling.passed()

    def all_documents(self) -> list[Document]:
        """All documents, labelled together, so that they can teach each other."""
        items = [item for window in self.origin.windows() for item in window]
        return list(self._written(items, self._labeller.label(items).passed()))

    async def aall_documents(self) -> list[Document]:
        """The same; the event loop is never held up."""
        async with aclosing(self.origin.awindows()) as windows:
            items = [item async for window in windows for item in window]
        labelling = await self._labeller.alabel(items)
        async with aclosing(self._awritten(items, labelling.passed())) as documents:
            return [document async for document in documents]

    @property
    def _labeller(self) -> Labeller:
        return Labeller(self.classifier, self.policy)

    def _written(self, items: Sequence[Item], labelled: Sequence[Labelled]) -> Generator[Document, None, None]:
        if self.parser is None:
            yield from labelled_documents([item.original for item in items], labelled)
            return
        for one in labelled:
            yield from self._parsed(items[one.index], one, self.parser)

    async def _awritten(self, items: Sequence[Item], labelled: Sequence[Labelled]) -> AsyncGenerator[Document, None]:
        documents = self._written(items, labelled)
        if self.parser is None:
            for document in documents:
                yield document
            return
        async with aclosing(in_threads(documents)) as parsed:
            async for document in parsed:
                yield document

    def _parsed(self, item: Item, one: Labelled, parser: BaseBlobParser) -> Iterator[Document]:
        """The documents of a blob; of one that could not be classified at least one, so that none is lost."""
        has_failed = self.policy.schema.type_of(one.label) is None
        pages = _pages(item, parser)
        first = _first(pages, is_excused=has_failed)
        if first is not None:
            yield from (self._labelled_page(page, one.label) for page in chain((first,), pages))
        elif has_failed:
            yield Document(page_content="", metadata=one.metadata)

    def _labelled_page(self, page: Document, label: Label) -> Document:
        schema = self.policy.schema
        if not self.policy.overwrite:
            schema.refuse_foreign_label(page.metadata, name=item_of(page).display_name)
        return page.model_copy(update={"metadata": schema.labelled(page.metadata, label)})


def _pages(item: Item, parser: BaseBlobParser) -> Iterator[Document]:
    if item.original is not None:
        yield from each_document(parser.lazy_parse(item.original))


def _first(pages: Iterator[Document], *, is_excused: bool) -> Document | None:
    """The first page, if any.

    Args:
        pages: what a parser makes of a blob.
        is_excused: whether an error means none: why a blob that could not be classified cannot be parsed either is
            told already.
    """
    try:
        return next(pages, None)
    except ImportError:  # a package that is missing is no property of the blob
        raise
    except Exception:
        if not is_excused:
            raise
        return None
