"""What the tests of the router use: targets that keep what they get, and pipelines that break on demand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.schema import BaseNode, Document, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.vector_stores import SimpleVectorStore
from pydantic import PrivateAttr

from tests.llama_index.parts import splitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from llama_index_classify.routing import IngestionRouter, RoutingReport

BILL = "This invoice lists 20 line items. "
CAKE = "This recipe needs 3 eggs. "
POEM = "The sea was calm that night. "


class Collected:
    """A function as target: keeps the identifiers of each call."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, nodes: list[BaseNode]) -> None:
        self.calls.append([node.node_id for node in nodes])


class Breaking(TransformComponent):
    """Raises as long as it is told to, and counts its calls."""

    _is_broken: bool = PrivateAttr(default=True)
    _calls: int = PrivateAttr(default=0)

    @classmethod
    def class_name(cls) -> str:
        return "Breaking"

    def mend(self) -> None:
        self._is_broken = False

    @property
    def calls(self) -> int:
        return self._calls

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        self._calls += 1
        if self._is_broken:
            raise ConnectionError("the embedding service is away: " + nodes[0].get_content())
        return nodes


def ignored(nodes: list[BaseNode]) -> None:
    """A target that does nothing."""


def pipeline_with_stores(*steps: TransformComponent, **options: Any) -> IngestionPipeline:
    stores = {"docstore": SimpleDocumentStore(), "vector_store": SimpleVectorStore()} | options
    return IngestionPipeline(transformations=[*steps, splitter(), embedding_model()], disable_cache=True, **stores)


def duplicates_only(*steps: TransformComponent) -> IngestionPipeline:
    return pipeline_with_stores(*steps, docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY)


def empty_index(**options: Any) -> VectorStoreIndex:
    return VectorStoreIndex([], embed_model=embedding_model(), transformations=[splitter()], **options)


def held_by(target: VectorStoreIndex | IngestionPipeline) -> Counter[str]:
    """How many nodes of each document its vector store holds."""
    return Counter(target.vector_store.data.text_id_to_ref_doc_id.values())


def page(number: int, text: str, *, identifier: str | None = None) -> Document:
    metadata = {"file_path": "/in/scan.pdf", "page_label": str(number)}
    return Document(text=text, metadata=metadata, **({} if identifier is None else {"id_": identifier}))


WAYS = ["run", "arun"]
STORES: list[Callable[[], Any]] = [empty_index, pipeline_with_stores, duplicates_only]

way_and_store = pytest.mark.parametrize(("way", "make"), [(way, make) for way in WAYS for make in STORES])


async def routed(router: IngestionRouter, way: str, documents: list[Any], **more: Any) -> RoutingReport:
    """A run over copies, as a reader would load them anew."""
    fresh = [document.model_copy(deep=True) for document in documents]
    return router.run(fresh, **more) if way == "run" else await router.arun(fresh, **more)


def three() -> list[Document]:
    return [Document(id_="bill", text=BILL * 30), Document(id_="cake", text=CAKE), Document(id_="poem", text=POEM)]


def embedding_model() -> MockEmbedding:
    return MockEmbedding(embed_dim=4)
