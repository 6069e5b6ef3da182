"""The filters in real vector stores, on labels that the transformer wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from langchain_classify.compressor import ClassifyDocumentCompressor
from langchain_classify.filters import type_filter
from tests.backends import ScriptedBackend
from tests.langchain.vector_stores import ANSWERS, ODD_TYPES, RULES, STORES, TYPES, Opened, labelled_documents, qdrant

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from langchain_core.documents import Document


@pytest.fixture(params=STORES)
async def opened(request: pytest.FixtureRequest) -> AsyncIterator[Opened]:
    postgres = request.getfixturevalue("postgres") if request.param.startswith("pgvector") else None
    async with STORES[request.param](postgres) as found:
        yield found


async def found(opened: Opened, wanted: Any) -> list[str]:
    """What a search and a retriever find, synchronous and awaited: the same in all four ways."""
    search = {"k": 20, "filter": wanted}
    ways: list[list[Document]] = [
        opened.store.similarity_search("anything", **search),
        opened.store.as_retriever(search_kwargs=search).invoke("anything"),
        await opened.awaited.asimilarity_search("anything", **search),
        await opened.awaited.as_retriever(search_kwargs=search).ainvoke("anything"),
    ]
    names = [sorted(one.page_content for one in way) for way in ways]
    assert names == [names[0]] * 4
    return names[0]


@pytest.mark.parametrize(
    ("types", "least", "expected"),
    [
        ("invoice", None, ["paid", "unpaid"]),
        (["invoice", "Prüf-A"], None, ["paid", "test", "unpaid"]),
        ([*TYPES, "uncategorized"], None, ["paid", "poem", "refund", "test", "unpaid"]),
        ("uncategorized", None, ["poem"]),
        ("invoice", 0.5, ["paid"]),
        (["invoice", "credit note"], 0.75, ["paid", "refund"]),
        (["invoice", "credit note"], 0.76, ["paid"]),
        ("invoice", 1, ["paid"]),
        ("uncategorized", 0, ["poem"]),
    ],
)
async def test_every_store_finds_the_types_asked_for_and_no_other(
    opened: Opened, types: str | list[str], least: float | None, expected: list[str]
) -> None:
    for store in (opened.store, opened.name):
        assert await found(opened, type_filter(types, store=store, rules=RULES, min_confidence=least)) == expected


@pytest.mark.parametrize("types", ["recipe", ["recipe", "letter"], "INVOICE", "invoic", "in%", "None"])
async def test_a_type_that_no_document_has_finds_nothing(opened: Opened, types: str | list[str]) -> None:
    assert await found(opened, type_filter(types, store=opened.store)) == []
    assert await found(opened, type_filter(types, store=opened.store, min_confidence=0.1)) == []


async def test_no_character_of_a_type_has_a_meaning_of_its_own(opened: Opened) -> None:
    for name in ODD_TYPES:
        assert await found(opened, type_filter(name, store=opened.store, min_confidence=0.5)) == [name]
    assert await found(opened, type_filter(ODD_TYPES, store=opened.store)) == sorted(ODD_TYPES)


def _joined(name: str, ours: Any, owner: str) -> Any:
    """With a filter of the user's own, as the documentation says."""
    if name == "memory":
        return lambda document: ours(document) and document.metadata.get("owner") == owner
    if name == "qdrant":
        models = pytest.importorskip("qdrant_client").models
        match = models.FieldCondition(key="metadata.owner", match=models.MatchValue(value=owner))
        return models.Filter(must=[ours, match])
    return {"$and": [ours, {"owner": owner}]}


@pytest.mark.parametrize(("owner", "expected"), [("ann", ["paid", "refund"]), ("bob", ["unpaid"])])
@pytest.mark.parametrize("least", [None, 0.3])
async def test_a_filter_of_ones_own_is_joined_with_ours(
    opened: Opened, least: float | None, owner: str, expected: list[str]
) -> None:
    ours = type_filter(["invoice", "credit note"], store=opened.store, min_confidence=least)
    assert await found(opened, _joined(opened.name, ours, owner)) == expected


@pytest.mark.parametrize("key", ["labels", "meta data", "meta.data"])
async def test_a_qdrant_store_is_asked_where_it_holds_its_metadata(key: str) -> None:
    async with qdrant(key)(Path()) as opened:
        assert await found(opened, type_filter("invoice", store=opened.store, min_confidence=0.5)) == ["paid"]
        assert await found(opened, type_filter("invoice", store="qdrant")) == []


async def test_a_store_gives_labels_back_unchanged(opened: Opened) -> None:
    wanted = type_filter("credit note", store=opened.store)
    [one] = opened.store.similarity_search("anything", 20, filter=wanted)
    [written] = [document for document in labelled_documents() if document.page_content == "refund"]
    assert {name: one.metadata[name] for name in written.metadata} == written.metadata


async def test_what_a_store_gives_back_needs_no_classification(opened: Opened) -> None:
    backend = ScriptedBackend(ANSWERS.__getitem__)
    compressor = ClassifyDocumentCompressor(RULES, backend=backend, keep_types=TYPES)
    given = opened.store.similarity_search("anything", 20, filter=type_filter(TYPES, store=opened.store))
    passed = await compressor.acompress_documents(given, "anything")
    assert [one.page_content for one in passed] == [one.page_content for one in given]
    assert not backend.asked
