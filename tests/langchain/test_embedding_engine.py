"""`EmbeddingEngine` with real LangChain embeddings and components; what it decides is held in tests/core."""

from __future__ import annotations

import pickle
import threading
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding, Embeddings
from langchain_core.load import dumps

from classify_core import Classifier, ConnectionFailedError, InvalidResponseError, LocalBackend, Rule
from classify_core.engine import Engine
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable, ClassifyTool
from langchain_classify.engines import EmbeddingEngine
from tests.langchain.helpers import Recorder
from tests.word_vectors import word_vector

if TYPE_CHECKING:
    from pathlib import Path

BILL = "Invoice number 4711. Two line items, tax 19 %, total amount due 84 EUR. Please pay this invoice."
SOUP = "Ingredients and quantities for a soup recipe. Steps of preparation: cooking, salt, serve."


class WordEmbeddings(Embeddings):
    """It keeps what it was asked, and by which threads."""

    def __init__(self, model: str = "words") -> None:
        self.model = model
        self.api_key = "sk-secret"
        self.asked: list[str] = []
        self.threads: set[str] = set()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked += texts
        self.threads.add(threading.current_thread().name)
        return [word_vector(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        raise NotImplementedError

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        raise NotImplementedError


def classifier(embeddings: Embeddings, rules: list[Rule], **arguments: Any) -> Classifier:
    return Classifier(rules, backend=LocalBackend(EmbeddingEngine(embeddings)), **arguments)


async def test_an_embedding_model_classifies_sync_async_and_inside_a_running_loop(rules: list[Rule]) -> None:
    embeddings = WordEmbeddings()
    with_model = classifier(embeddings, rules)
    one = with_model.classify(BILL)

    assert (one.type, one.backend) == ("invoice", "local/embedding/words")
    assert (await with_model.aclassify(SOUP)).type == "recipe"
    assert with_model.classify("zyx quorb flimmer wug blicket").type is None
    assert embeddings.threads == {"classify-worker"}


def test_rules_are_embedded_once_for_a_whole_batch(rules: list[Rule]) -> None:
    embeddings = WordEmbeddings()
    runnable = ClassifyRunnable(rules, backend=LocalBackend(EmbeddingEngine(embeddings)))
    outcomes = runnable.batch([f"{BILL} {number}" for number in range(20)])

    assert {one.type for one in outcomes} == {"invoice"}
    assert embeddings.asked.count(f"invoice: {rules[0].description}") == 1


async def test_it_is_a_backend_of_every_component_sync_and_async(rules: list[Rule]) -> None:
    backend = LocalBackend(EmbeddingEngine(WordEmbeddings()))
    documents = [Document(page_content=BILL), Document(page_content=SOUP)]
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    tool = ClassifyTool(rules, backend=backend, documents={"acme.pdf": BILL})

    for labelled in (transformer.invoke(documents), await transformer.ainvoke(documents)):
        assert [one.metadata["classify_type"] for one in labelled] == ["invoice", "recipe"]
    assert "invoice" in tool.invoke({"document": "acme.pdf"})
    assert "invoice" in await tool.ainvoke({"document": "acme.pdf"})
    assert [one.type for one in await ClassifyRunnable(rules, backend=backend).abatch(documents)] == [
        "invoice",
        "recipe",
    ]


def test_it_can_be_pickled_and_decides_the_same(rules: list[Rule]) -> None:
    runnable = ClassifyRunnable(rules, backend=LocalBackend(EmbeddingEngine(WordEmbeddings())))
    before = runnable.invoke(BILL)

    assert before.type == "invoice"
    assert pickle.loads(pickle.dumps(runnable)).invoke(BILL).confidence == before.confidence


def test_labels_and_caches_tell_models_and_options_apart(rules: list[Rule], tmp_path: Path) -> None:
    cache = tmp_path / "answers"
    first, second = WordEmbeddings("small"), WordEmbeddings("large")
    outcomes = [classifier(one, rules, cache=cache).classify(BILL) for one in (first, second, first)]

    assert outcomes[0].rules_id == outcomes[2].rules_id != outcomes[1].rules_id
    assert first.asked.count(BILL) == second.asked.count(BILL) == 1
    assert EmbeddingEngine(first, max_characters=900).name == "embedding/small+max_characters=900"


def test_a_model_without_a_name_is_called_by_its_class() -> None:
    assert EmbeddingEngine(DeterministicFakeEmbedding(size=4)).name == "embedding/DeterministicFakeEmbedding"


def test_a_provider_s_failure_shows_neither_the_document_nor_a_key(
    rules: list[Rule], caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(WordEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            raise ValueError(f"sk-secret: {texts}")

    one = classifier(Failing(), rules, on_error="record").classify(BILL)

    assert isinstance(one.error, ConnectionFailedError)
    assert "sk-secret" not in str(one.error) + repr(one) + caplog.text
    assert isinstance(one.error.__cause__.original, ValueError)


def test_too_few_vectors_are_an_error_and_no_label(rules: list[Rule]) -> None:
    class Short(WordEmbeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return super().embed_documents(texts)[1:]

    one = classifier(Short(), rules, on_error="record").classify(BILL)

    assert isinstance(one.error, InvalidResponseError)
    assert one.type is None


def test_a_tracer_sees_no_text_of_what_is_embedded(rules: list[Rule]) -> None:
    recorder = Recorder()
    runnable = ClassifyRunnable(rules, backend=LocalBackend(EmbeddingEngine(WordEmbeddings())))
    # Behind the hundred characters that a reasoning may quote.
    assert runnable.invoke(f"{BILL} Thank you. quixotic", {"callbacks": [recorder]}).type == "invoice"

    assert [traced.name for traced in recorder.runs] == ["ClassifyRunnable"]
    assert "quixotic" not in recorder.told()


def test_no_repr_and_no_dumped_component_shows_the_model_s_key(rules: list[Rule]) -> None:
    engine = EmbeddingEngine(WordEmbeddings())
    runnable = ClassifyRunnable(rules, backend=LocalBackend(engine))

    assert isinstance(engine, Engine)
    assert repr(engine) == "EmbeddingEngine('embedding/words')"
    assert "sk-secret" not in repr(runnable) + dumps(runnable) + repr(runnable.backend)
