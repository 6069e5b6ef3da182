"""What a router remembers of documents from run to run, in a docstore of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from classify_core.errors import InvalidOptionError
from classify_core.routing import Verdict
from llama_index_classify.routing.contents import Held

if TYPE_CHECKING:
    from llama_index.core.storage.docstore import BaseDocumentStore


class Record(BaseModel):
    """Where a document is. Before a route is run, the record says where it may be; so a crash leaves no doubles behind.

    Attributes:
        hash: of the document that arrived; None while it has not, or could not be classified.
        labelled_under: the rules and metadata keys of its labels.
        taken: each verdict on it, and the route that was taken for that.
        routes: which routes hold it, or part of it.
        document_ids, node_ids: under which identifiers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hash: str | None = None
    labelled_under: str | None = None
    taken: tuple[tuple[Verdict, str], ...] = ()
    routes: tuple[str, ...] = ()
    document_ids: tuple[str, ...] = ()
    node_ids: tuple[str, ...] = ()

    @property
    def held(self) -> Held:
        """What each of the routes may hold of it."""
        return Held(self.document_ids, self.node_ids)


class Records:
    """Reads and writes records; without a docstore nothing is remembered."""

    def __init__(self, docstore: BaseDocumentStore | None) -> None:
        self._docstore = docstore

    @property
    def are_kept(self) -> bool:
        """Whether anything is remembered."""
        return self._docstore is not None

    def read(self, names: Iterable[str]) -> dict[str, Record]:
        """The records that there are of the documents so named.

        Raises:
            InvalidOptionError: the docstore holds something else under such a name.
        """
        store = self._docstore
        return {} if store is None else _records({name: store.get_document_hash(name) for name in names})

    async def aread(self, names: Iterable[str]) -> dict[str, Record]:
        """The same, awaited."""
        store = self._docstore
        return {} if store is None else _records({name: await store.aget_document_hash(name) for name in names})

    def write(self, records: Mapping[str, Record]) -> None:
        """Keeps records, in place of former ones."""
        if self._docstore is not None and records:
            self._docstore.set_document_hashes(_written(records))

    async def awrite(self, records: Mapping[str, Record]) -> None:
        """The same, awaited."""
        if self._docstore is not None and records:
            await self._docstore.aset_document_hashes(_written(records))


def _records(stored: Mapping[str, str | None]) -> dict[str, Record]:
    return {name: _record(name, text) for name, text in stored.items() if text is not None}


def _record(name: str, text: str) -> Record:
    try:
        return Record.model_validate_json(text)
    except ValidationError:
        raise InvalidOptionError(
            f"docstore= holds something of {name!r} that no router wrote; give the router a docstore of its own"
        ) from None


def _written(records: Mapping[str, Record]) -> dict[str, str]:
    return {name: record.model_dump_json() for name, record in records.items()}
