"""`EmbeddingEngine` with real LlamaIndex embeddings and pipelines; what it decides is held in tests/core."""

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import Document
from pydantic import Field

from classify_core import Classifier, ConnectionFailedError, LocalBackend, Rule
from llama_index_classify import ClassifyTransform
from llama_index_classify.engines import EmbeddingEngine
from tests.word_vectors import word_vector

if TYPE_CHECKING:
    from pathlib import Path

BILL = "Invoice number 4711. Two line items, tax 19 %, total amount due 84 EUR. Please pay this invoice."
SOUP = "Ingredients and quantities for a soup recipe. Steps of preparation: cooking, salt, serve."


class WordsEmbedding(BaseEmbedding):
    """Words hashed into a vector; it keeps what it was asked."""

    api_key: str = "sk-secret"
    asked: list[str] = Field(default_factory=list)
    threads: set[str] = Field(default_factory=set)

    def _get_text_embedding(self, text: str) -> list[float]:
        self.asked.append(text)
        self.threads.add(threading.current_thread().name)
        return word_vector(text)

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        raise NotImplementedError


def model(name: str = "words") -> WordsEmbedding:
    return WordsEmbedding(model_name=name)


def classifier(embedding: BaseEmbedding, rules: list[Rule], **arguments: Any) -> Classifier:
    return Classifier(rules, backend=LocalBackend(EmbeddingEngine(embedding)), **arguments)


async def test_an_embedding_model_classifies_sync_async_and_inside_a_running_loop(rules: list[Rule]) -> None:
    embedding = model()
    with_model = classifier(embedding, rules)
    one = with_model.classify(BILL)

    assert (one.type, one.backend) == ("invoice", "local/embedding/words")
    assert (await with_model.aclassify(SOUP)).type == "recipe"
    assert with_model.classify("zyx quorb flimmer wug blicket").type is None
    assert embedding.threads == {"classify-worker"}


def test_rules_are_embedded_once_for_a_whole_run(rules: list[Rule]) -> None:
    embedding = model()
    outcomes = classifier(embedding, rules).classify_many([f"{BILL} {number}" for number in range(20)])

    assert {one.type for one in outcomes} == {"invoice"}
    assert embedding.asked.count(f"invoice: {rules[0].description}") == 1


async def test_a_transform_labels_with_an_embedding_model_sync_and_async(rules: list[Rule]) -> None:
    transform = ClassifyTransform(rules, backend=LocalBackend(EmbeddingEngine(model())))
    pipeline = IngestionPipeline(transformations=[transform], disable_cache=True)
    nodes = [*pipeline.run(documents=[Document(text=BILL)]), *await pipeline.arun(documents=[Document(text=SOUP)])]

    assert [node.metadata["classify_type"] for node in nodes] == ["invoice", "recipe"]


def test_it_can_be_pickled_and_decides_the_same(rules: list[Rule]) -> None:
    transform = ClassifyTransform(rules, backend=LocalBackend(EmbeddingEngine(model())))
    before = transform([Document(text=BILL)])[0].metadata
    after = pickle.loads(pickle.dumps(transform))([Document(text=BILL)])[0].metadata

    assert before == after
    assert before["classify_type"] == "invoice"


def test_a_model_that_finds_all_texts_equal_answers_none(rules: list[Rule]) -> None:
    one = classifier(MockEmbedding(embed_dim=8), rules).classify(BILL)

    assert (one.type, one.confidence) == (None, 0.0)


def test_labels_and_caches_tell_models_apart(rules: list[Rule], tmp_path: Path) -> None:
    cache = tmp_path / "answers"
    first, second = model("small"), model("large")
    outcomes = [classifier(one, rules, cache=cache).classify(BILL) for one in (first, second, first)]

    assert outcomes[0].rules_id == outcomes[2].rules_id != outcomes[1].rules_id
    assert first.asked.count(BILL) == second.asked.count(BILL) == 1


def test_a_model_without_a_name_is_called_by_its_class() -> None:
    assert EmbeddingEngine(MockEmbedding(embed_dim=4)).name == "embedding/MockEmbedding"


def test_a_provider_s_failure_shows_neither_the_document_nor_a_key(
    rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(WordsEmbedding):
        def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
            raise ValueError(f"sk-secret: {texts}")

    one = classifier(Failing(model_name="failing"), rules, on_error="record").classify(BILL)

    assert isinstance(one.error, ConnectionFailedError)
    assert "sk-secret" not in str(one.error) + repr(one) + caplog.text
    assert isinstance(one.error.__cause__.original, ValueError)


def test_no_repr_shows_the_model_s_key(rules: list[Rule]) -> None:
    engine = EmbeddingEngine(model())
    transform = ClassifyTransform(rules, backend=LocalBackend(engine))

    assert repr(engine) == "EmbeddingEngine('embedding/words')"
    assert "sk-secret" not in repr(transform) + transform.to_json() + repr(transform.backend)
