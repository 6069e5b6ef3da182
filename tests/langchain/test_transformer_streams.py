"""Streams of lists of documents, as a chain hands them from step to step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableGenerator, RunnableLambda

from classify_core import InvalidOptionError, Rule
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import ScriptedBackend
from tests.langchain.helpers import SECRET_WORDS, Recorder
from tests.langchain.test_transformer_lazy import invoices, pages


def in_chunks(documents: list[Document], size: int) -> RunnableGenerator[Any, list[Document]]:
    """A step that gives out documents, so many at a time, synchronously and asynchronously."""

    def chunks(given: Iterator[Any]) -> Iterator[list[Document]]:
        list(given)
        yield from (documents[start : start + size] for start in range(0, len(documents), size))

    async def achunks(given: AsyncIterator[Any]) -> AsyncIterator[list[Document]]:
        async for _ in given:
            pass
        for start in range(0, len(documents), size):
            yield documents[start : start + size]

    return RunnableGenerator(chunks, achunks)


def streamed(chain: Any, *, is_async: bool, config: Any = None) -> list[list[Document]]:
    async def collected() -> list[list[Document]]:
        return [chunk async for chunk in chain.astream(None, config)]

    return asyncio.run(collected()) if is_async else list(chain.stream(None, config))


both_faces = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


@both_faces
@pytest.mark.parametrize("size", [1, 7, 50, 200])
def test_a_chain_streams_what_it_would_return_in_pieces(size: int, rules: list[Rule], *, is_async: bool) -> None:
    backend = ScriptedBackend()
    given = [*invoices(20), *pages("long.pdf", 60), *invoices(20, start=20)]
    chain = in_chunks(given, size) | ClassifyDocumentTransformer(rules, backend=backend)
    chunks = streamed(chain, is_async=is_async)
    assert [one for chunk in chunks for one in chunk] == chain.invoke(None)
    assert backend.asked.total() == 41
    assert len(chunks) == 1 if size == 200 else len(chunks) > 1


@both_faces
def test_a_stream_is_worked_on_while_it_comes(rules: list[Rule], *, is_async: bool) -> None:
    asked: list[int] = []
    backend = ScriptedBackend()

    def chunks(given: Iterator[Any]) -> Iterator[list[Document]]:
        list(given)
        for number in range(10):
            asked.append(backend.asked.total())
            yield invoices(20, start=20 * number)

    async def achunks(given: AsyncIterator[Any]) -> AsyncIterator[list[Document]]:
        for chunk in chunks(iter(())):
            yield chunk

    streamed(
        RunnableGenerator(chunks, achunks) | ClassifyDocumentTransformer(rules, backend=backend), is_async=is_async
    )
    assert asked[0] == 0
    assert asked[-1] > 0


@both_faces
def test_no_chunk_is_lost_whatever_kind_of_iterable_it_is(rules: list[Rule], *, is_async: bool) -> None:
    def chunks(given: Iterator[Any]) -> Iterator[Any]:
        list(given)
        yield tuple(invoices(1))
        yield []
        yield (document for document in invoices(1, start=1))

    async def achunks(given: AsyncIterator[Any]) -> AsyncIterator[Any]:
        for chunk in chunks(iter(())):
            yield chunk

    chain = RunnableGenerator(chunks, achunks) | ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    [found] = streamed(chain, is_async=is_async)
    assert [one.page_content for one in found] == ["invoice 0", "invoice 1"]


@both_faces
def test_a_stream_of_nothing_is_an_empty_list(rules: list[Rule], *, is_async: bool) -> None:
    chain = in_chunks([], 1) | ClassifyDocumentTransformer(rules, backend="local")
    assert streamed(chain, is_async=is_async) == [[]]
    of_empty = RunnableLambda(lambda _: []) | ClassifyDocumentTransformer(rules, backend="local")
    assert streamed(of_empty, is_async=is_async) == [[]]


@both_faces
def test_a_stream_of_single_documents_is_refused_and_none_is_lost_in_silence(
    rules: list[Rule], *, is_async: bool
) -> None:
    def each(given: Iterator[Any]) -> Iterator[Document]:
        list(given)
        yield from invoices(2)

    async def aeach(given: AsyncIterator[Any]) -> AsyncIterator[Document]:
        for one in invoices(2):
            yield one

    chain = RunnableGenerator(each, aeach) | ClassifyDocumentTransformer(rules, backend="local")
    with pytest.raises(InvalidOptionError, match="give a list"):
        streamed(chain, is_async=is_async)


@both_faces
def test_each_piece_of_a_stream_is_a_run_that_shows_no_text(rules: list[Rule], *, is_async: bool) -> None:
    recorder = Recorder()
    given = [Document(page_content=f"invoice {number} {SECRET_WORDS}") for number in range(100)]
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    chain = in_chunks(given, 50) | transformer | RunnableLambda(len)
    assert streamed(chain, is_async=is_async, config={"callbacks": [recorder]}) == [100]
    runs = recorder.named("ClassifyDocumentTransformer")
    assert len(runs) > 1
    assert sum(run.inputs["count"] for run in runs) == sum((run.outputs or {})["count"] for run in runs) == 100
    assert SECRET_WORDS not in recorder.told("ClassifyDocumentTransformer")


@both_faces
def test_only_the_first_run_of_a_stream_has_the_identifier_asked_for(rules: list[Rule], *, is_async: bool) -> None:
    recorder, asked_for = Recorder(), UUID(int=7)
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    chunks = [invoices(40), invoices(40, start=40)]
    config: Any = {"callbacks": [recorder], "run_id": asked_for}

    async def achunks() -> AsyncIterator[list[Document]]:
        for chunk in chunks:
            yield chunk

    async def collected() -> list[list[Document]]:
        return [chunk async for chunk in transformer.atransform(achunks(), config)]

    found = asyncio.run(collected()) if is_async else list(transformer.transform(iter(chunks), config))
    assert sum(map(len, found)) == 80
    identifiers = [run.id for run in recorder.runs]
    assert identifiers[0] == asked_for
    assert len(set(identifiers)) == len(identifiers) > 1
