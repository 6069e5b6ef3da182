"""`index()` and `aindex()` with labelled documents and a record manager, in real stores: what is embedded, and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from langchain_chroma import Chroma
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.indexing import InMemoryRecordManager, aindex, index
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore
from langchain_qdrant import QdrantVectorStore
from qdrant_client import QdrantClient
from qdrant_client.models import Distance, VectorParams

from classify_core import Answer, ClassifyError, Rule
from langchain_classify import ClassifyDocumentTransformer
from langchain_classify.indexing import LabelKeyEncoder
from tests.backends import ScriptedBackend
from tests.llama_index.chroma import chroma_client

SIZE = 4
TEXTS = ("march", "april", "cake")


class CountingEmbedding(DeterministicFakeEmbedding):
    """Counts the texts that are embedded to be stored."""

    embedded: list[str] = []  # noqa: RUF012 - a pydantic field

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.embedded.extend(texts)
        return super().embed_documents(texts)


def chroma(embedding: CountingEmbedding) -> Iterator[VectorStore]:
    store = Chroma(uuid4().hex, embedding, client=chroma_client())
    yield store
    store.delete_collection()


def qdrant(embedding: CountingEmbedding) -> Iterator[VectorStore]:
    client = QdrantClient(":memory:")
    client.create_collection("documents", VectorParams(size=SIZE, distance=Distance.COSINE))
    yield QdrantVectorStore(client, "documents", embedding)
    client.close()


def memory(embedding: CountingEmbedding) -> Iterator[VectorStore]:
    yield InMemoryVectorStore(embedding)


class Index:
    """A store and its record manager."""

    def __init__(self, store: VectorStore, embedding: CountingEmbedding, *, cleanup: str, is_async: bool) -> None:
        self.store = store
        self.embedding = embedding
        self.records = InMemoryRecordManager(uuid4().hex)
        self.records.create_schema()
        self.options: dict[str, Any] = {"cleanup": cleanup, "source_id_key": "source"}
        self.is_async = is_async

    def run(self, documents: BaseLoader | Iterable[Document], key_encoder: Any = None) -> Counter[str]:
        """Which texts were embedded."""
        self.embedding.embedded.clear()
        options = self.options | {"key_encoder": LabelKeyEncoder() if key_encoder is None else key_encoder}
        if self.is_async:
            asyncio.run(aindex(documents, self.records, self.store, **options))
        else:
            index(documents, self.records, self.store, **options)
        return Counter(self.embedding.embedded)

    def stored(self) -> dict[str, dict[str, Any]]:
        """The metadata of what is in the store, by text; each text once."""
        found = self.store.similarity_search("anything", k=100)
        assert len({one.page_content for one in found}) == len(found)
        return {one.page_content: one.metadata for one in found}

    def types(self) -> dict[str, str | None]:
        return {text: metadata.get("classify_type") for text, metadata in self.stored().items()}


@pytest.fixture(params=[memory, chroma, qdrant], ids=lambda made: made.__name__)
def store_and_embedding(request: pytest.FixtureRequest) -> Iterator[tuple[VectorStore, CountingEmbedding]]:
    embedding = CountingEmbedding(size=SIZE, embedded=[])
    for store in request.param(embedding):
        embedding.embedded.clear()  # Qdrant's tries one
        yield store, embedding


@pytest.fixture(params=["incremental", "full", "scoped_full"])
def cleanup(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["index", "aindex"])
def indexed(
    request: pytest.FixtureRequest, cleanup: str, store_and_embedding: tuple[VectorStore, CountingEmbedding]
) -> Index:
    return Index(*store_and_embedding, cleanup=cleanup, is_async=request.param)


def loaded(**changed: str) -> list[Document]:
    """Documents as a loader makes them; `changed` gives some another text."""
    return [Document(page_content=changed.get(text, text), metadata={"source": f"{text}.txt"}) for text in TEXTS]


def answer(name: str, confidence: float = 0.9) -> Answer:
    return Answer(type=name, confidence=confidence, reasoning=f"{confidence} sure", job_id=f"job-{confidence}")


ANSWERS: dict[str, Answer | ClassifyError] = {
    "march": answer("invoice"),
    "april": answer("invoice"),
    "cake": answer("recipe"),
}


def labelled(rules: list[Rule], documents: list[Document] | None = None, **changed: Answer | ClassifyError) -> Any:
    """The documents, labelled by who never saw them before; `changed` answers some otherwise."""
    answers = ANSWERS | changed
    backend = ScriptedBackend(lambda text: answers.get(text, answer("invoice")))
    return ClassifyDocumentTransformer(rules, backend=backend).transform_documents(documents or loaded())


def test_relabelling_with_another_confidence_embeds_nothing(indexed: Index, rules: list[Rule]) -> None:
    assert indexed.run(labelled(rules)).total() == 3
    again = labelled(rules, march=answer("invoice", 0.4), april=answer("invoice", 0.5), cake=answer("recipe", 0.6))
    assert again[0].metadata["classify_confidence"] == 0.4
    assert indexed.run(again).total() == 0
    # What the store holds is what was written first.
    assert {one["classify_confidence"] for one in indexed.stored().values()} == {0.9}
    assert {one["classify_job_id"] for one in indexed.stored().values()} == {"job-0.9"}


@pytest.mark.parametrize("is_async", [False, True])
def test_langchain_s_own_key_embeds_what_has_another_confidence(rules: list[Rule], *, is_async: bool) -> None:
    embedding = CountingEmbedding(size=SIZE, embedded=[])
    indexed = Index(InMemoryVectorStore(embedding), embedding, cleanup="full", is_async=is_async)
    indexed.run(labelled(rules), "sha256")
    assert indexed.run(labelled(rules, march=answer("invoice", 0.4)), "sha256") == {"march": 1}


def test_one_changed_type_embeds_one_document_and_deletes_the_former(indexed: Index, rules: list[Rule]) -> None:
    indexed.run(labelled(rules))
    assert indexed.run(labelled(rules, april=answer("recipe"))) == {"april": 1}
    assert indexed.types() == {"march": "invoice", "april": "recipe", "cake": "recipe"}


def test_the_confidence_counts_where_it_is_named(indexed: Index, rules: list[Rule]) -> None:
    encoder = LabelKeyEncoder(by=("type", "confidence"))
    indexed.run(labelled(rules), encoder)
    assert indexed.run(labelled(rules, march=answer("invoice", 0.4)), encoder) == {"march": 1}
    assert indexed.stored()["march"]["classify_confidence"] == 0.4
    assert len(indexed.stored()) == 3


def test_what_failed_is_indexed_anew_once_it_is_healed(indexed: Index, rules: list[Rule]) -> None:
    failed = labelled(rules, cake=ClassifyError("no power"))
    assert indexed.run(failed).total() == 3
    assert indexed.types()["cake"] is None
    again = labelled(rules, cake=ClassifyError("no water"))
    assert indexed.run(again).total() == 0  # it failed otherwise, which is no reason to embed it
    backend = ScriptedBackend(ANSWERS.__getitem__)
    healed = ClassifyDocumentTransformer(rules, backend=backend).transform_documents(failed)
    assert list(backend.asked) == ["cake"]  # the others carried a fresh label
    assert indexed.run(healed) == {"cake": 1}
    assert indexed.types() == {"march": "invoice", "april": "invoice", "cake": "recipe"}


def test_a_changed_text_is_indexed_anew(indexed: Index, rules: list[Rule]) -> None:
    indexed.run(labelled(rules))
    assert indexed.run(labelled(rules, loaded(march="march, corrected"))) == {"march, corrected": 1}
    assert set(indexed.types()) == {"march, corrected", "april", "cake"}


def test_other_metadata_that_changed_is_indexed_anew(indexed: Index, rules: list[Rule]) -> None:
    indexed.run(labelled(rules))
    documents = loaded()
    documents[2].metadata["author"] = "ann"
    assert indexed.run(labelled(rules, documents)) == {"cake": 1}
    assert indexed.stored()["cake"]["author"] == "ann"
    assert len(indexed.stored()) == 3


class Loading(BaseLoader):
    """A loader, and a transformer behind it."""

    def __init__(self, transformer: ClassifyDocumentTransformer) -> None:
        self.transformer = transformer

    def lazy_load(self) -> Iterator[Document]:
        yield from self.transformer.lazy_transform_documents(iter(loaded()))


def test_the_second_run_of_loader_and_transformer_does_nothing(
    indexed: Index, rules: list[Rule], tmp_path: Any
) -> None:
    for run in range(2):
        backend = ScriptedBackend(ANSWERS.__getitem__)
        transformer = ClassifyDocumentTransformer(rules, backend=backend, cache=tmp_path / "answers.sqlite")
        embedded = indexed.run(Loading(transformer))
        assert (embedded.total(), backend.asked.total()) == ((3, 3) if run == 0 else (0, 0))
    assert indexed.types() == {"march": "invoice", "april": "invoice", "cake": "recipe"}


async def test_an_asynchronous_stream_of_labelled_documents_is_indexed(rules: list[Rule]) -> None:
    embedding = CountingEmbedding(size=SIZE, embedded=[])
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(ANSWERS.__getitem__))
    records = InMemoryRecordManager("stream")
    for added in (3, 0):
        stream = transformer.alazy_transform_documents(loaded())
        result = await aindex(
            stream,
            records,
            InMemoryVectorStore(embedding),
            cleanup="full",
            key_encoder=LabelKeyEncoder(),
        )
        assert (result["num_added"], result["num_skipped"]) == (added, 3 - added)


def test_a_classifier_that_joins_beside_another_embeds_once_and_then_no_more(indexed: Index, rules: list[Rule]) -> None:
    encoder = LabelKeyEncoder(["classify_", "urgency_"])
    urgency = [Rule(type="urgent", description="asks for an answer today")]

    def both(confidence: float) -> list[Document]:
        backend = ScriptedBackend(lambda text: answer("urgent", confidence))
        second = ClassifyDocumentTransformer(urgency, backend=backend, prefix="urgency_")
        return second.transform_documents(labelled(rules))

    indexed.run(labelled(rules), encoder)
    assert indexed.run(both(0.9), encoder).total() == 3
    assert indexed.run(both(0.5), encoder).total() == 0
    assert {one["urgency_type"] for one in indexed.stored().values()} == {"urgent"}
    assert len(indexed.stored()) == 3


def test_chunks_of_a_file_are_embedded_anew_where_its_type_changed_and_no_others(
    indexed: Index, rules: list[Rule]
) -> None:
    def chunks(name: str, confidence: float) -> list[Document]:
        pages = [
            Document(page_content=f"{file} {page}", metadata={"source": f"{file}.pdf", "page": page})
            for file in TEXTS
            for page in range(4)
        ]
        backend = ScriptedBackend(lambda text: answer(name if "cake" in text else "invoice", confidence))
        return ClassifyDocumentTransformer(rules, backend=backend).transform_documents(pages)

    assert indexed.run(chunks("invoice", 0.9)).total() == 12
    assert indexed.run(chunks("recipe", 0.8)) == {f"cake {page}": 1 for page in range(4)}
    assert len(indexed.stored()) == 12
