"""The filters in real vector stores, on labels that the transform wrote."""

from __future__ import annotations

import importlib.metadata
import warnings
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from llama_index.core import StorageContext, VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.schema import Document
from llama_index.core.vector_stores import MetadataFilter, MetadataFilters, SimpleVectorStore

from classify_core import Answer, Rule, UnreadableDocumentError
from llama_index_classify import ClassifyTransform
from llama_index_classify.filters import type_filters
from tests.backends import ScriptedBackend
from tests.llama_index.chroma import chroma_client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llama_index.core.schema import NodeWithScore

    from classify_core import ClassifyError

RULES = [Rule(type=name, description="contains whatever it contains") for name in ("invoice", "credit note", "Prüf-A")]
OWNERS = {"paid": "ann", "unpaid": "bob", "refund": "ann", "test": "bob", "poem": "ann", "scan": "ann"}
ANSWERS = {
    "paid": Answer(type="invoice", confidence=1),
    "unpaid": Answer(type="invoice", confidence=0.4),
    "refund": Answer(type="credit note", confidence=0.75),
    "test": Answer(type="Prüf-A", confidence=0.9),
    "poem": Answer(type=None, confidence=0),
    "scan": UnreadableDocumentError("there is no text in it"),
}
CORE = tuple(int(part) for part in importlib.metadata.version("llama-index-core").split(".")[:3])


class WithoutDownloads:
    """A connection that fetches no extensions: DuckDB brings JSON along, and full-text search is not asked for."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def install_extension(self, name: str) -> None:
        """Would fetch it from the internet."""

    def load_extension(self, name: str) -> None:
        """Nothing was fetched."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def in_memory() -> Any:
    return SimpleVectorStore()


def chroma() -> Any:
    stores = pytest.importorskip("llama_index.vector_stores.chroma")
    return stores.ChromaVectorStore(chroma_collection=chroma_client().create_collection(uuid4().hex))


def qdrant() -> Any:
    clients = pytest.importorskip("qdrant_client")
    stores = pytest.importorskip("llama_index.vector_stores.qdrant")
    return stores.QdrantVectorStore(collection_name=uuid4().hex, client=clients.QdrantClient(":memory:"))


def duckdb() -> Any:
    # Lowest NumPy beside newest pyarrow: the latter does not import.
    pytest.importorskip("pyarrow", exc_type=ImportError)
    stores = pytest.importorskip("llama_index.vector_stores.duckdb")

    class OfflineStore(stores.DuckDBVectorStore):
        @classmethod
        def _initialize_table(cls, conn: Any, table_name: str, embed_dim: int | None) -> None:
            super()._initialize_table(WithoutDownloads(conn), table_name, embed_dim)

    return OfflineStore()


NESTING = {"chroma": chroma, "qdrant": qdrant, "duckdb": duckdb}
STORES: dict[str, Callable[[], Any]] = {"in_memory": in_memory, **NESTING}


@pytest.fixture(params=STORES)
def store_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def index(store_name: str) -> Iterator[VectorStoreIndex]:
    """Six labelled documents in a store, one of which could not be classified."""
    store = STORES[store_name]()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Payload indexes have no effect in the local Qdrant", UserWarning)
        yield VectorStoreIndex(
            labelled(),
            storage_context=StorageContext.from_defaults(vector_store=store),
            embed_model=MockEmbedding(embed_dim=4),
        )
    if store_name in {"qdrant", "duckdb"}:
        store.client.close()


def labelled() -> list[Any]:
    def answered(text: str) -> Answer | ClassifyError:
        return ANSWERS[text]

    documents = [Document(text=name, metadata={"owner": owner}) for name, owner in OWNERS.items()]
    return ClassifyTransform(RULES, backend=ScriptedBackend(answered))(documents)


def names(found: list[NodeWithScore]) -> list[str]:
    return sorted(one.node.get_content() for one in found)


def found(index: VectorStoreIndex, filters: MetadataFilters) -> list[str]:
    return names(index.as_retriever(filters=filters, similarity_top_k=10).retrieve("anything"))


@pytest.mark.parametrize(
    ("types", "least", "expected"),
    [
        ("invoice", None, ["paid", "unpaid"]),
        (["invoice", "Prüf-A"], None, ["paid", "test", "unpaid"]),
        (["invoice", "credit note", "Prüf-A", "uncategorized"], None, ["paid", "poem", "refund", "test", "unpaid"]),
        ("uncategorized", None, ["poem"]),
        ("invoice", 0.5, ["paid"]),
        (["invoice", "credit note"], 0.75, ["paid", "refund"]),
        (["invoice", "credit note"], 0.76, ["paid"]),
        ("invoice", 1, ["paid"]),
        ("uncategorized", 0, ["poem"]),
    ],
)
def test_a_retriever_finds_the_types_asked_for_and_no_other(
    index: VectorStoreIndex, types: str | list[str], least: float | None, expected: list[str]
) -> None:
    assert found(index, type_filters(types, rules=RULES, min_confidence=least)) == expected


@pytest.mark.parametrize("filters", [type_filters("recipe"), type_filters(["recipe", "letter"], min_confidence=0.1)])
def test_a_type_that_no_document_has_finds_nothing(
    index: VectorStoreIndex, store_name: str, filters: MetadataFilters
) -> None:
    if store_name == "in_memory" and CORE < (0, 13, 3):
        pytest.skip("this version of the framework raises an AssertionError where nothing matches")
    assert found(index, filters) == []


@pytest.mark.parametrize(("owner", "expected"), [("ann", ["paid", "refund"]), ("bob", ["unpaid"])])
def test_filters_of_ones_own_stand_beside_ours(index: VectorStoreIndex, owner: str, expected: list[str]) -> None:
    ours = type_filters(["invoice", "credit note"], min_confidence=0.3)
    combined = MetadataFilters(filters=[*ours.filters, MetadataFilter(key="owner", value=owner)])
    assert found(index, combined) == expected


@pytest.mark.parametrize("store_name", NESTING)
def test_a_store_that_takes_nested_filters_takes_ours_as_one(index: VectorStoreIndex) -> None:
    ours = type_filters(["invoice", "credit note"], min_confidence=0.3)
    nested = MetadataFilters(filters=[ours, MetadataFilter(key="owner", value="ann")])
    assert found(index, nested) == ["paid", "refund"]


def test_a_query_engine_answers_from_the_types_asked_for_only(index: VectorStoreIndex) -> None:
    engine = index.as_query_engine(llm=MockLLM(), filters=type_filters("credit note"), similarity_top_k=10)
    assert names(engine.query("anything").source_nodes) == ["refund"]


@pytest.mark.parametrize(
    "store_name", ["in_memory", "chroma", "duckdb"]
)  # Qdrant's memory is not shared by two clients
async def test_an_awaited_retriever_finds_the_same(index: VectorStoreIndex) -> None:
    retriever = index.as_retriever(filters=type_filters("invoice", min_confidence=0.5), similarity_top_k=10)
    assert names(await retriever.aretrieve("anything")) == ["paid"]


def test_a_store_of_flat_metadata_takes_labels_and_gives_them_back_unchanged(index: VectorStoreIndex) -> None:
    [one] = index.as_retriever(filters=type_filters("credit note"), similarity_top_k=10).retrieve("anything")
    [written] = [node for node in labelled() if node.get_content() == "refund"]
    assert one.node.metadata == written.metadata
    assert {type(value) for value in written.metadata.values()} == {str, float}
