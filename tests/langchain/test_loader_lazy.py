"""How lazily a wrapped loader is read, and on which thread."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from contextvars import ContextVar
from itertools import count, islice
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.document_loaders import BaseLoader
from langchain_core.documents import Document

from classify_core import Rule
from langchain_classify.loader import ClassifyLoader
from tests.backends import ScriptedBackend, until
from tests.langchain.loader_parts import LETTERS, WAYS, Texts, gathered, loaded, types

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Native(BaseLoader):
    """Has an asynchronous way of its own, which tells on what thread it works, and whether it was ended."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.threads: set[int] = set()
        self.is_ended = False

    async def alazy_load(self) -> AsyncIterator[Document]:
        try:
            for text in self.texts:
                await asyncio.sleep(0)
                self.threads.add(threading.get_ident())
                yield Document(page_content=text)
        finally:
            self.is_ended = True


class Endless(BaseLoader):
    def __init__(self) -> None:
        self.taken = 0

    def lazy_load(self) -> Iterator[Document]:
        for number in count():
            self.taken += 1
            yield Document(page_content=f"invoice {number}")


class Held(BaseLoader):
    """Blocks its thread until it is released, as a loader does that waits for a service."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.release = threading.Event()
        self.threads: set[int] = set()

    def lazy_load(self) -> Iterator[Document]:
        self.threads.add(threading.get_ident())
        self.begun.set()
        assert self.release.wait(60), "nobody released it"
        yield Document(page_content="an invoice")


def made(loader: BaseLoader, rules: list[Rule], **options: Any) -> ClassifyLoader:
    return ClassifyLoader(loader, rules, **{"backend": ScriptedBackend(), **options})


def test_the_first_documents_come_before_all_are_read(rules: list[Rule]) -> None:
    wrapped = Texts(*(f"invoice {number}" for number in range(1000)))
    documents = made(wrapped, rules).lazy_load()
    assert wrapped.taken == 0
    assert types([next(documents)]) == ["invoice"]
    assert wrapped.taken <= 64
    assert sum(1 for _ in documents) == 999


async def test_an_endless_loader_can_be_read_for_as_long_as_it_is_wanted(rules: list[Rule]) -> None:
    wrapped = Endless()
    assert types(list(islice(made(wrapped, rules).lazy_load(), 100))) == ["invoice"] * 100
    assert wrapped.taken <= 200
    wrapped = Endless()
    async with aclosing(made(wrapped, rules).alazy_load()) as documents:
        assert types([await anext(documents) for _ in range(100)]) == ["invoice"] * 100
    assert wrapped.taken <= 200


@pytest.mark.parametrize("way", ["aload", "alazy_load"])
async def test_a_loader_that_blocks_does_so_beside_the_event_loop(way: str, rules: list[Rule]) -> None:
    wrapped, ticks = Held(), 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    running = asyncio.create_task(loaded(made(wrapped, rules), way))
    await until(wrapped.begun.is_set)
    seen = ticks
    await until(lambda: ticks > seen + 100)  # callbacks run while the loader holds its thread
    assert not running.done()
    wrapped.release.set()
    assert types(await running) == ["invoice"]
    assert threading.get_ident() not in wrapped.threads
    ticking.cancel()


async def test_a_loader_that_blocks_can_be_given_up_on(rules: list[Rule]) -> None:
    wrapped = Held()
    running = asyncio.create_task(made(wrapped, rules).aload())
    await until(wrapped.begun.is_set)
    running.cancel()
    # Cancelling waits for nobody: the loader is still held.
    with pytest.raises(asyncio.CancelledError):
        await running
    wrapped.release.set()


async def test_the_loaders_own_asynchronous_way_is_used_on_the_loop(rules: list[Rule]) -> None:
    wrapped = Native(*LETTERS)
    loader = made(wrapped, rules)
    assert types(await loader.aload()) == types(await gathered(loader.alazy_load()))
    assert wrapped.threads == {threading.get_ident()}


async def test_what_is_not_wanted_any_more_is_ended_at_once(rules: list[Rule]) -> None:
    wrapped = Native(*(f"invoice {number}" for number in range(100)))
    async with aclosing(made(wrapped, rules).alazy_load()) as documents:
        await anext(documents)
        assert not wrapped.is_ended
    assert wrapped.is_ended


caller: ContextVar[str] = ContextVar("caller", default="nobody")


class Asks(BaseLoader):
    def lazy_load(self) -> Iterator[Document]:
        yield Document(page_content="an invoice", metadata={"caller": caller.get()})


@pytest.mark.parametrize("way", WAYS)
async def test_a_wrapped_loader_sees_the_context_variables_of_its_caller(way: str, rules: list[Rule]) -> None:
    caller.set("ann")
    [document] = await loaded(made(Asks(), rules), way)
    assert document.metadata["caller"] == "ann"
