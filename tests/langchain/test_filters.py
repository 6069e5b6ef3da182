from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.vectorstores import InMemoryVectorStore

from classify_core import InvalidOptionError, MissingExtraError, Rule
from langchain_classify.filters import type_filter

NAMES = ["memory", "chroma", "qdrant", "pgvector"]
every_store = pytest.mark.parametrize("store", NAMES)


def labelled(**label: Any) -> Document:
    return Document(page_content="?", metadata={f"classify_{key}": value for key, value in label.items()})


@pytest.mark.parametrize("store", ["chroma", "pgvector"])
def test_a_dict_is_as_short_as_it_can_be(store: str) -> None:
    of_type = {"kind_type": {"$in": ["invoice", "recipe"]}}
    assert type_filter("invoice", store=store) == {"classify_type": {"$eq": "invoice"}}
    assert type_filter(["recipe", "invoice"], store=store, prefix="kind_") == of_type
    both = {"$and": [of_type, {"kind_confidence": {"$gte": 1.0}}]}
    assert type_filter(["recipe", "invoice"], store=store, prefix="kind_", min_confidence=1) == both


def test_the_filter_in_memory_can_be_shown_compared_and_pickled() -> None:
    wanted = type_filter("invoice", store="memory", min_confidence=0.5)
    assert "'invoice'" in repr(wanted)
    assert "0.5" in repr(wanted)
    assert wanted == type_filter(["invoice"], store="memory", min_confidence=0.5)
    assert pickle.loads(pickle.dumps(wanted)) == wanted
    assert pickle.loads(pickle.dumps(wanted))(labelled(type="invoice", confidence=0.5)) is True


@pytest.mark.parametrize(
    "label",
    [
        {},
        {"type": None},
        {"type": ["invoice"], "confidence": 1.0},
        {"type": np.array(["invoice", "recipe"]), "confidence": 1.0},
        {"type": "invoice"},
        {"type": "invoice", "confidence": "0.9"},
    ],
)
def test_in_memory_what_is_no_label_matches_nothing_and_raises_nothing(label: dict[str, Any]) -> None:
    assert type_filter("invoice", store="memory", min_confidence=0.5)(labelled(**label)) is False


@every_store
def test_a_type_that_no_rule_produces_is_an_error_and_not_a_filter_that_finds_nothing(
    store: str, rules: list[Rule]
) -> None:
    with pytest.raises(InvalidOptionError, match="near are 'recipe'"):
        type_filter("receipe", store=store, rules=rules)
    assert type_filter("uncategorized", store=store, rules=rules)


@every_store
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"types": []}, "types is empty"),
        ({"types": [True]}, "something of type bool"),
        ({"types": "invoice", "min_confidence": 1.5}, "min_confidence"),
        ({"types": "invoice", "min_confidence": True}, "min_confidence is True"),
        ({"types": "invoice", "prefix": "$where"}, "prefix"),
    ],
)
def test_what_cannot_work_is_refused_for_every_store(store: str, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOptionError, match=message):
        type_filter(store=store, **arguments)


class MyStore(InMemoryVectorStore):
    """A user's own."""


def test_a_store_of_ones_own_that_descends_from_a_known_one_is_known() -> None:
    store = MyStore(DeterministicFakeEmbedding(size=2))
    assert type_filter("invoice", store=store) == type_filter("invoice", store="memory")


class Chroma:
    """Another package's."""


@pytest.mark.parametrize(
    ("store", "near"),
    [
        ("qdrand", "near is 'qdrant'"),
        ("Chroma", "near is 'chroma'"),
        ("PGVectorStore", "near is 'pgvector'"),
        ("in_memory", "near is 'memory'"),
        (Chroma(), "a Chroma, which is not known; near is 'chroma'"),
        (InMemoryVectorStore, "InMemoryVectorStore, which is not known; near is 'memory'"),
        ("weaviate", "'weaviate' is not known; give"),
        (None, "a NoneType, which is not known; give"),
    ],
)
def test_a_store_that_is_not_known_is_an_error_that_lists_the_known_and_the_near(store: Any, near: str) -> None:
    with pytest.raises(InvalidOptionError, match=near) as caught:
        type_filter("invoice", store=store)
    for known in (*NAMES, "InMemoryVectorStore", "Chroma", "QdrantVectorStore", "PGVector", "PGVectorStore"):
        assert known in str(caught.value)


def test_a_retriever_is_no_store_and_the_message_says_what_is() -> None:
    retriever = InMemoryVectorStore(DeterministicFakeEmbedding(size=2)).as_retriever()
    with pytest.raises(InvalidOptionError, match="VectorStoreRetriever; give the vector store"):
        type_filter("invoice", store=retriever)


def test_without_qdrants_client_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_client", None)
    with pytest.raises(MissingExtraError, match="pip install langchain-qdrant"):
        type_filter("invoice", store="qdrant")


def test_no_package_of_a_store_is_imported_for_its_name() -> None:
    program = """
import sys
import langchain_classify.attributes
import langchain_classify.compressor
from langchain_classify.filters import type_filter
for store in ("memory", "chroma", "pgvector"):
    type_filter("invoice", store=store)
packages = {"chromadb", "langchain", "langchain_classic", "langchain_chroma", "langchain_postgres", "langchain_qdrant"}
print((packages | {"qdrant_client", "sqlalchemy"}) & {name.partition(".")[0] for name in sys.modules})
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "set()"
