"""Labels for very many documents: asked for once a file, written into copies that share nothing, held by nobody."""

from __future__ import annotations

import copy
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.documents import Document

from benchmarks.labelling.corpus import CountingBackend
from classify_core import MetadataSchema, Rule
from langchain_classify import ClassifyDocumentTransformer, ClassifyRunnable
from tests.backends import ScriptedBackend

FACES = ("called", "awaited", "lazy", "lazy and awaited")


def chunks(file: str, text: str, count: int) -> list[Document]:
    """A file's chunks as a loader of pages and a splitter leave them: two on a page."""
    return [
        Document(
            id=f"{file}-{position}",
            page_content=f"{text} {position}",
            metadata={"source": f"{file}.pdf", "page": position // 2, "start_index": position % 2 * 1000},
        )
        for position in range(count)
    ]


async def labelled_by(face: str, transformer: ClassifyDocumentTransformer, documents: list[Document]) -> list[Document]:
    """What the transformer makes of the documents, in one of its ways."""
    if face == "called":
        return list(transformer.transform_documents(documents))
    if face == "awaited":
        return list(await transformer.atransform_documents(documents))
    if face == "lazy":
        return list(transformer.lazy_transform_documents(iter(documents)))
    return [document async for document in transformer.alazy_transform_documents(iter(documents))]


@pytest.mark.parametrize("face", FACES)
async def test_many_chunks_come_to_one_classification_a_file_in_the_order_given(face: str, rules: list[Rule]) -> None:
    documents = [chunk for number in range(40) for chunk in chunks(f"d{number}", f"invoice {number}", 30)]
    backend = ScriptedBackend()
    labelled = await labelled_by(face, ClassifyDocumentTransformer(rules, backend=backend), documents)
    assert backend.asked.total() == len(backend.asked) == 40
    assert [document.id for document in labelled] == [document.id for document in documents]
    assert {document.metadata["classify_type"] for document in labelled} == {"invoice"}


@pytest.mark.parametrize("face", FACES)
@pytest.mark.parametrize("is_labelled_already", [False, True])
async def test_no_two_documents_share_their_metadata_and_none_given_is_changed(
    face: str, *, is_labelled_already: bool, rules: list[Rule]
) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    documents = chunks("a", "invoice", 5) + chunks("b", "recipe", 5)
    if is_labelled_already:
        documents = transformer.transform_documents(documents)
    before = copy.deepcopy(documents)
    labelled = await labelled_by(face, transformer, documents)
    assert len({id(document.metadata) for document in [*documents, *labelled]}) == 20
    assert documents == before
    assert [document.page_content for document in labelled] == [document.page_content for document in documents]


def test_what_is_changed_in_one_copy_is_in_no_other_also_of_later_calls(rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    first, second = transformer.transform_documents(chunks("a", "invoice", 2))
    before = copy.deepcopy(second)
    first.metadata["classify_type"] = "somebody's own"
    assert second == before
    assert transformer.transform_documents(chunks("a", "invoice", 2))[1] == before


@pytest.mark.parametrize("face", FACES)
async def test_labelled_chunks_and_a_new_file_come_to_one_classification(face: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    documents = [chunk for number in range(20) for chunk in chunks(f"d{number}", f"invoice {number}", 10)]
    labelled = await labelled_by(face, transformer, documents)
    backend.asked.clear()
    again = await labelled_by(face, transformer, [*labelled, *chunks("new", "a recipe", 10)])
    assert backend.asked.total() == 1
    assert again[: len(labelled)] == labelled
    assert {document.metadata["classify_type"] for document in again[-10:]} == {"recipe"}


@pytest.mark.parametrize("face", ["called", "awaited"])
async def test_the_joined_texts_of_all_files_are_never_held_together(face: str, rules: list[Rule]) -> None:
    characters = 100_000
    documents = [chunk for number in range(100) for chunk in chunks(f"d{number}", f"{number:5}" * (characters // 5), 2)]
    transformer = ClassifyDocumentTransformer(rules, backend=CountingBackend())
    labelled, peak = await _with_peak(labelled_by(face, transformer, documents))
    assert len(labelled) == len(documents)
    assert peak < len(documents) * characters / 2


@pytest.mark.parametrize("is_awaited", [False, True])
async def test_of_very_many_lazy_documents_only_a_few_are_held(*, is_awaited: bool, rules: list[Rule]) -> None:
    characters, files = 20_000, 300
    transformer = ClassifyDocumentTransformer(rules, backend=CountingBackend())

    def loaded() -> Iterator[Document]:
        for number in range(files):
            yield from chunks(f"d{number}", f"{number:5}" * (characters // 5), 2)

    async def counted() -> int:
        if is_awaited:
            return sum([1 async for _ in transformer.alazy_transform_documents(_awaited(loaded()))])
        return sum(1 for _ in transformer.lazy_transform_documents(loaded()))

    count, peak = await _with_peak(counted())
    assert count == 2 * files
    assert peak < 2 * files * characters / 3


async def test_a_batch_of_very_many_asks_for_each_distinct_document_once(rules: list[Rule]) -> None:
    texts = [f"invoice {number % 50}" for number in range(2_000)]
    for is_awaited in (False, True):
        backend = ScriptedBackend()
        runnable = ClassifyRunnable(rules, backend=backend)
        outcomes = await runnable.abatch(texts) if is_awaited else runnable.batch(texts)
        assert len(outcomes) == 2_000
        assert backend.asked.total() == len(backend.asked) == 50
        assert backend.most_at_once <= backend.default_concurrency


def test_a_former_label_leaves_nothing_behind(rules: list[Rule]) -> None:
    former = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(), min_confidence=0.5)
    schema = MetadataSchema(reasoning_length=0)
    now = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(), metadata_schema=schema)
    labelled = former.transform_documents(chunks("a", "invoice", 3))
    assert all("classify_reasoning" in document.metadata for document in labelled)
    again = now.transform_documents(labelled)
    assert not any("classify_reasoning" in document.metadata for document in again)
    assert [list(document.metadata)[:3] for document in again] == [["source", "page", "start_index"]] * 3


async def _with_peak(work: Any) -> tuple[Any, int]:
    """What some work comes to, and how many bytes it held at most."""
    tracemalloc.start()
    try:
        result = await work
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


async def _awaited(documents: Iterator[Document]) -> AsyncIterator[Document]:
    for document in documents:
        yield document
