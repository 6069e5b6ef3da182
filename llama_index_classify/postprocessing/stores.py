"""The stores of one query: what a docstore knows of its documents, and where its labels are kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from llama_index.core import VectorStoreIndex
from llama_index.core.indices.base import BaseIndex
from llama_index.core.schema import BaseNode
from llama_index.core.storage.docstore import BaseDocumentStore

from classify_core.background import background
from classify_core.errors import InvalidOptionError
from classify_core.grouping import Item
from classify_core.labels import Label
from classify_core.retrieval import NewLabel, StoredDocument
from llama_index_classify.postprocessing.docstore_writing import DocstoreWriter
from llama_index_classify.postprocessing.document_texts import DocstoreReader
from llama_index_classify.postprocessing.exclusive import exclusive
from llama_index_classify.postprocessing.faces import Faces
from llama_index_classify.postprocessing.index_writing import IndexWriter, has_asynchronous_face
from llama_index_classify.postprocessing.labelled_copies import LabelledCopies

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8
_OPEN: Final = set[asyncio.Future[None]]()
"""Writes that may outlast their query, and that nobody else refers to then."""


def checked_stores(docstore: object, write_back: object) -> tuple[BaseDocumentStore | None, Any]:
    """Where documents are looked up, and where labels are written: nowhere, there (True), or to an object.

    Raises:
        InvalidOptionError: one is something else, or there is no docstore to write to.
    """
    if docstore is not None and not isinstance(docstore, BaseDocumentStore):
        raise InvalidOptionError(
            f"docstore is of type {type(docstore).__name__}; give a docstore, such as index.docstore"
        )
    if not isinstance(write_back, (bool, BaseDocumentStore, BaseIndex)):
        raise InvalidOptionError(
            f"write_back is of type {type(write_back).__name__}; give a docstore or an index, or True for docstore="
        )
    if isinstance(write_back, BaseDocumentStore) and (docstore is None or docstore is write_back):
        return write_back, True
    if write_back is True and docstore is None:
        raise InvalidOptionError("write_back=True writes to docstore=, which is not given; give one, or an index")
    return docstore, write_back


class QueryStores:
    """A `LabelStore` of a docstore and of what labels are written to; made for one query.

    Args:
        docstore: where documents are looked up; None looks nothing up.
        target: where labels are written; None writes none.
        copies: makes the labelled copies.
        by_document: whether nodes are looked up and labelled by their source document, or each for itself.
    """

    def __init__(
        self,
        docstore: BaseDocumentStore | None,
        target: BaseDocumentStore | BaseIndex[Any] | None,
        copies: LabelledCopies,
        *,
        by_document: bool,
    ) -> None:
        self._docstore = docstore
        self._target = target
        self._copies = copies
        self._by_document = by_document
        self._found = dict[str, StoredDocument]()
        self._faults = dict[str, str]()

    def key_of(self, item: Item) -> str:
        """The identifier of an item's document, or of its node where each is for itself."""
        identifier: str = item.original.node_id
        return item.reference if self._by_document and item.reference is not None else identifier

    def look_up(self, keys: Sequence[str], *, seconds: float | None) -> Mapping[str, StoredDocument]:
        """What the docstore holds of documents; what fails or takes too long is left out."""
        if self._docstore is None or not keys:
            return {}
        return background.run(self._look_up(DocstoreReader(self._docstore, Faces(natively=False)), keys, seconds))

    async def alook_up(self, keys: Sequence[str], *, seconds: float | None) -> Mapping[str, StoredDocument]:
        """The same, awaited."""
        if self._docstore is None or not keys:
            return {}
        return await self._look_up(DocstoreReader(self._docstore, Faces(natively=True)), keys, seconds)

    def write_back(self, labels: Sequence[NewLabel], *, seconds: float | None) -> None:
        """Writes labels; what is not done in time goes on by itself."""
        labels = self._lasting(labels)
        if self._target is None or not labels:
            return
        writing = background.submit(self._write(labels, seconds, natively=False))
        try:
            writing.result(seconds)
        except TimeoutError:
            self._tell_of_unfinished()

    async def awrite_back(self, labels: Sequence[NewLabel], *, seconds: float | None) -> None:
        """The same, awaited."""
        labels = self._lasting(labels)
        if self._target is None or not labels:
            return
        _, unfinished = await asyncio.wait({self._begun(labels, seconds)}, timeout=seconds)
        if unfinished:
            self._tell_of_unfinished()

    def _lasting(self, labels: Sequence[NewLabel]) -> list[NewLabel]:
        """Those worth keeping: where the docstore did not answer, a few nodes' text is not taken for the document's."""
        return [new for new in labels if self.key_of(new.item) not in self._faults]

    def _begun(self, labels: Sequence[NewLabel], seconds: float | None) -> asyncio.Future[None]:
        """A write on the loop where it belongs; a query that is cancelled does not break it off."""
        writing: asyncio.Future[None]
        if _has_asynchronous_face(self._target):
            writing = asyncio.ensure_future(self._write(labels, seconds, natively=True))
        else:
            writing = asyncio.wrap_future(background.submit(self._write(labels, seconds, natively=False)))
        _OPEN.add(writing)
        writing.add_done_callback(_OPEN.discard)
        return writing

    async def _look_up(
        self, reader: DocstoreReader, keys: Sequence[str], seconds: float | None
    ) -> Mapping[str, StoredDocument]:
        slots = asyncio.Semaphore(_AT_ONCE)
        self._faults = dict.fromkeys(keys, "too slow")

        async def look_up(key: str) -> None:
            try:
                async with slots:
                    stored = await reader.stored_document(key)
            except Exception as error:  # noqa: BLE001 - a docstore may be anybody's, and no query fails for it
                self._faults[key] = type(error).__name__
                return
            del self._faults[key]
            if stored is not None:
                self._found[key] = stored

        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*map(look_up, keys))
        if self._faults:
            reason = next(iter(self._faults.values()))
            logger.warning("%d of %d documents could not be looked up (%s)", len(self._faults), len(keys), reason)
        return dict(self._found)

    async def _write(self, labels: Sequence[NewLabel], seconds: float | None, *, natively: bool) -> None:
        target = self._target
        try:
            async with exclusive(target, seconds=seconds):
                if isinstance(target, VectorStoreIndex):
                    await self._write_to_index(IndexWriter(target, self._copies, natively=natively), labels)
                elif target is not None:
                    docstore = target.docstore if isinstance(target, BaseIndex) else target
                    await self._write_to_docstore(docstore, Faces(natively=natively), labels)
        except Exception as error:  # noqa: BLE001 - a store may be anybody's, and no query fails for it
            # Its message may quote what was written, or hold an address with a key.
            logger.warning(
                "labels of %d nodes could not be written back to a %s (%s); the next query makes them anew",
                len(labels),
                type(target).__name__,
                type(error).__name__,
            )

    async def _write_to_index(self, writer: IndexWriter, labels: Sequence[NewLabel]) -> None:
        retrieved: dict[str, BaseNode] = {new.item.original.node_id: new.item.original for new in labels}
        await writer.write(list(retrieved.values()), {new.item.original.node_id: new.label for new in labels})

    async def _write_to_docstore(self, docstore: BaseDocumentStore, faces: Faces, labels: Sequence[NewLabel]) -> None:
        by_key = {self.key_of(new.item): new.label for new in labels}
        if docstore is self._docstore:  # that has some of them, which the retrieved nodes come without
            by_key = {key: label for key, label in by_key.items() if not self._is_stored(key, label)}
        await DocstoreWriter(docstore, self._copies, faces).write(by_key, with_nodes=self._by_document)

    def _is_stored(self, key: str, label: Label) -> bool:
        stored = self._found.get(key)
        return stored is not None and all(self._copies.are_labelled(part, label) for part in stored.metadata)

    def _tell_of_unfinished(self) -> None:
        logger.warning("writing labels back to a %s takes longer than the query waits", type(self._target).__name__)


def _has_asynchronous_face(target: object) -> bool:
    return not isinstance(target, VectorStoreIndex) or has_asynchronous_face(target.vector_store)
