"""Any number of documents, a few at a time: how much is taken, what is given before an error, and who is held up."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from classify_core import BatchError, ForeignLabelError, InvalidOptionError, Rule
from langchain_classify import ClassifyDocumentTransformer
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.langchain.helpers import fails_on
from tests.langchain.test_progress_in_runs import Handler


class Held(str):
    """A text that can be referred to weakly; a document is no key of a set."""

    __slots__ = ("__weakref__",)


def invoices(count: int, start: int = 0) -> list[Document]:
    return [Document(page_content=f"invoice {number}") for number in range(start, start + count)]


def pages(file: str, count: int) -> list[Document]:
    return [
        Document(page_content=f"{file} invoice {page}", metadata={"source": file, "page": page})
        for page in range(count)
    ]


async def asynchronous(documents: Iterable[Document]) -> AsyncIterator[Document]:
    for document in documents:
        await asyncio.sleep(0)
        yield document


def lazily(transformer: ClassifyDocumentTransformer, documents: Iterable[Document], *, way: str) -> Iterator[Document]:
    """The documents, one by one, through the synchronous face or, of either kind of iterable, the asynchronous one."""
    if way == "sync":
        yield from transformer.lazy_transform_documents(documents)
        return
    given = asynchronous(documents) if way == "async" else documents
    awaited = transformer.alazy_transform_documents(given)
    with asyncio.Runner() as runner:
        while (document := runner.run(_next(awaited))) is not None:
            yield document


async def _next(documents: AsyncIterator[Document]) -> Document | None:
    return await anext(documents, None)


@pytest.fixture(params=["sync", "async", "async of a synchronous iterable"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_no_more_is_taken_than_a_few_documents_need(way: str, rules: list[Rule]) -> None:
    taken: list[int] = []

    def counted() -> Iterator[Document]:
        for number in range(1000):
            taken.append(number)
            yield Document(page_content=f"invoice {number}")

    found = lazily(ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), counted(), way=way)
    assert taken == []
    assert next(found).metadata["classify_type"] == "invoice"
    assert len(taken) < 100
    assert sum(1 for _ in found) == 999


def test_only_a_few_documents_are_held_however_many_there_are(way: str, rules: list[Rule]) -> None:
    alive = weakref.WeakSet[Held]()
    most = 0

    def endless() -> Iterator[Document]:
        nonlocal most
        for number in range(2000):
            text = Held(f"invoice {number}")
            alive.add(text)
            most = max(most, len(alive))
            yield Document.model_construct(page_content=text, metadata={})

    classify = ClassifyDocumentTransformer(rules, backend=ScriptedBackend(), cache=False)
    assert sum(1 for _ in lazily(classify, endless(), way=way)) == 2000
    assert most < 200


@pytest.mark.parametrize("count", [1, 31, 32, 33, 64, 65])
def test_all_come_in_the_order_given_wherever_a_window_ends(way: str, count: int, rules: list[Rule]) -> None:
    found = list(lazily(ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), iter(invoices(count)), way=way))
    assert [one.page_content for one in found] == [f"invoice {number}" for number in range(count)]


def test_a_file_of_many_pages_is_one_classification_and_its_neighbours_are_others(way: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    given = [*invoices(20), *pages("long.pdf", 100), *pages("a.pdf", 30), *pages("b.pdf", 3)]
    found = list(lazily(ClassifyDocumentTransformer(rules, backend=backend), given, way=way))
    assert len(found) == len(given)
    assert backend.asked.total() == 23


def test_pages_that_do_not_follow_one_another_are_as_many_documents_as_they_come_in_pieces(
    way: str, rules: list[Rule]
) -> None:
    backend = ScriptedBackend()
    first, *others = pages("a.pdf", 2)
    given = [first, *invoices(100), *others]
    list(lazily(ClassifyDocumentTransformer(rules, backend=backend), given, way=way))
    assert backend.asked.total() == 102


def test_what_came_before_an_error_is_given_before_it(way: str, rules: list[Rule]) -> None:
    def failing() -> Iterator[Document]:
        yield from invoices(40)
        raise KeyError("the drive is gone")

    found: list[Document] = []
    with pytest.raises(KeyError, match="drive is gone"):
        for one in lazily(ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), failing(), way=way):
            found.append(one)  # noqa: PERF402 - what was given before the error counts
    assert [one.metadata["classify_type"] for one in found] == ["invoice"] * 40


def test_what_is_no_document_is_refused_behind_the_documents_before_it(way: str, rules: list[Rule]) -> None:
    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    found: list[Document] = []
    with pytest.raises(InvalidOptionError, match="item 40 is a str"):
        for one in lazily(transformer, [*invoices(40), "a text"], way=way):
            found.append(one)  # noqa: PERF402 - what was given before the error counts
    assert len(found) == 40


@pytest.mark.parametrize("given", [Document(page_content="x"), "a text", 7])
def test_what_is_no_iterable_of_documents_is_refused(given: Any, rules: list[Rule]) -> None:
    with pytest.raises(InvalidOptionError):
        list(ClassifyDocumentTransformer(rules, backend="local").lazy_transform_documents(given))
    with pytest.raises(InvalidOptionError):
        asyncio.run(_next(ClassifyDocumentTransformer(rules, backend="local").alazy_transform_documents(given)))


def test_a_failure_is_annotated_left_out_or_raised_when_its_turn_comes(way: str, rules: list[Rule]) -> None:
    given = [*invoices(40), Document(page_content="broken"), *invoices(40, start=40)]

    def found(on_failure: str) -> Iterator[Document]:
        made = ClassifyDocumentTransformer(rules, backend=fails_on("broken"), on_failure=on_failure)
        return lazily(made, given, way=way)

    statuses = [one.metadata["classify_status"] for one in found("annotate")]
    assert statuses == ["completed"] * 40 + ["failed"] + ["completed"] * 40
    assert len(list(found("skip"))) == 80
    before: list[Document] = []
    with pytest.raises(BatchError, match="no broken here"):
        for one in found("raise"):
            before.append(one)  # noqa: PERF402 - what was given before the error counts
    assert len(before) == 40


def test_a_foreign_type_is_refused_before_anything_of_its_window_is_spent(way: str, rules: list[Rule]) -> None:
    backend = ScriptedBackend()
    foreign = Document(page_content="theirs", metadata={"classify_type": "mine"})
    found = lazily(ClassifyDocumentTransformer(rules, backend=backend), [*invoices(40), foreign], way=way)
    with pytest.raises(ForeignLabelError):
        list(found)
    assert backend.asked.total() <= 40
    assert "theirs" not in backend.asked


class Drive:
    """Documents without end, which tell who fetches them and whether that was ended."""

    def __init__(self) -> None:
        self.is_closed = False
        self.threads = set[int]()

    def documents(self) -> Iterator[Document]:
        try:
            while True:
                self.threads.add(threading.get_ident())
                yield Document(page_content="an invoice")
        finally:
            self.is_closed = True

    async def adocuments(self) -> AsyncIterator[Document]:
        try:
            while True:
                yield Document(page_content="an invoice")
        finally:
            self.is_closed = True


async def test_closing_it_early_ends_what_is_iterated(rules: list[Rule]) -> None:
    transformer, drives = ClassifyDocumentTransformer(rules, backend=ScriptedBackend()), [Drive() for _ in range(3)]
    kept = [drives[0].documents(), drives[1].documents(), drives[2].adocuments()]
    found: Any = transformer.lazy_transform_documents(kept[0])
    next(found)
    found.close()
    for documents in kept[1:]:
        awaited: Any = transformer.alazy_transform_documents(documents)
        async with aclosing(awaited):
            await anext(awaited)
    assert [drive.is_closed for drive in drives] == [True] * 3


async def test_a_synchronous_iterable_is_never_iterated_on_the_event_loop(rules: list[Rule]) -> None:
    drive, transformer = Drive(), ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    found: Any = transformer.alazy_transform_documents(drive.documents())
    async with aclosing(found):
        for _ in range(70):
            await anext(found)
    assert drive.threads
    assert threading.get_ident() not in drive.threads


async def test_the_event_loop_runs_on_while_an_iterable_is_waited_for(rules: list[Rule]) -> None:
    waiting, release = threading.Event(), threading.Event()

    def slow() -> Iterator[Document]:
        waiting.set()
        release.wait(20)
        yield Document(page_content="an invoice")

    transformer = ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    work = asyncio.create_task(_next(transformer.alazy_transform_documents(slow())))
    await until(waiting.is_set)  # only a loop that is not held comes back from here
    assert not work.done()
    release.set()
    assert (await work).metadata["classify_type"] == "invoice"


async def test_cancelling_it_cancels_the_work(rules: list[Rule]) -> None:
    backend = HeldBackend()
    transformer = ClassifyDocumentTransformer(rules, backend=backend)
    work = asyncio.create_task(_next(transformer.alazy_transform_documents(invoices(3))))
    await until(backend.begun.is_set)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await until(lambda: backend.cancelled >= 1)
    assert not backend.asked


def test_a_run_hears_of_each_document_also_lazily(rules: list[Rule]) -> None:
    handler, transformer = Handler(), ClassifyDocumentTransformer(rules, backend=ScriptedBackend())
    step = RunnableLambda(lambda documents: list(transformer.lazy_transform_documents(documents)))
    step.invoke(invoices(40), {"callbacks": [handler]})
    assert [event["stage"] for event in handler.events] == ["done"] * 40
