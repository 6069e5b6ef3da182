from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core import SummaryIndex
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.schema import BaseNode, Document, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore

from classify_core import Rule
from classify_core.errors import RoutingError
from llama_index_classify.routing import IngestionRouter
from tests.backends import HeldBackend, ScriptedBackend, until
from tests.llama_index.parts import CollectingSpanHandler, splitter
from tests.llama_index.routing_parts import BILL, CAKE, Collected, ignored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


PATIENCE = 20.0
"""Seconds after which a test that waits in vain fails."""


def two() -> list[Document]:
    return [Document(id_="bill", text=BILL), Document(id_="cake", text=CAKE)]


def router_of(rules: list[Rule], invoice: Any, recipe: Any, **options: Any) -> IngestionRouter:
    return IngestionRouter(
        {"invoice": invoice, "recipe": recipe}, default=ignored, rules=rules, backend=ScriptedBackend(), **options
    )


def meeting(barrier: threading.Barrier) -> Callable[[list[BaseNode]], None]:
    def meet(nodes: list[BaseNode]) -> None:
        barrier.wait(PATIENCE)

    return meet


@pytest.mark.parametrize("way", ["run", "arun"])
async def test_routes_run_at_once_where_asked(way: str, rules: list[Rule]) -> None:
    barrier = threading.Barrier(2)
    router = router_of(rules, meeting(barrier), meeting(barrier), concurrency=2)
    report = router.run(two()) if way == "run" else await router.arun(two())
    assert report.is_complete


async def test_awaited_routes_run_at_once_too(rules: list[Rule]) -> None:
    barrier = asyncio.Barrier(2)

    async def meet(nodes: list[BaseNode]) -> None:
        async with asyncio.timeout(PATIENCE):
            await barrier.wait()

    router = router_of(rules, meet, partial(meet), concurrency=2)
    assert (await router.arun(two())).is_complete


@pytest.mark.parametrize("way", ["run", "arun"])
async def test_no_more_routes_run_at_once_than_asked(way: str, rules: list[Rule]) -> None:
    lock, running, most = threading.Lock(), 0, 0

    def count(nodes: list[BaseNode]) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.02)
        with lock:
            running -= 1

    router = router_of(rules, count, partial(count))
    _ = router.run(two()) if way == "run" else await router.arun(two())
    assert most == 1


def test_one_at_a_time_runs_in_the_calling_thread(rules: list[Rule]) -> None:
    threads = list[threading.Thread]()
    router = router_of(rules, lambda _: threads.append(threading.current_thread()), ignored)
    router.run(two())
    assert threads == [threading.current_thread()]


class Blocking(TransformComponent):
    """A step without an `acall` of its own."""

    @classmethod
    def class_name(cls) -> str:
        return "Blocking"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        _blocked.wait(PATIENCE)
        assert _blocked.is_set()
        return nodes


class BlockingIndex(SummaryIndex):
    """An index without an `ainsert_nodes` of its own."""

    def _insert(self, nodes: Sequence[BaseNode], **options: Any) -> None:
        super()._insert(Blocking()(nodes), **options)


_blocked = threading.Event()


@pytest.mark.parametrize(
    "make",
    [
        lambda: partial(Blocking()),
        Blocking,
        lambda: [Blocking()],
        lambda: BlockingIndex([], transformations=[splitter()]),
    ],
)
async def test_a_target_that_can_only_block_does_not_block_the_loop(make: Callable[[], Any], rules: list[Rule]) -> None:
    _blocked.clear()
    running = asyncio.create_task(router_of(rules, make(), ignored).arun(two()))
    asyncio.get_running_loop().call_later(0.05, _blocked.set)  # never comes to it on a loop that is blocked
    assert (await running).is_complete


async def test_a_cancelled_run_ends_at_once_and_keeps_what_has_arrived(rules: list[Rule]) -> None:
    begun, ended = asyncio.Event(), list[str]()

    async def hang(nodes: list[BaseNode]) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hang")

    kept = Collected()
    docstore = SimpleDocumentStore()
    router = router_of(rules, hang, kept, concurrency=2, docstore=docstore, on_failure="annotate")
    running = asyncio.create_task(router.arun(two()))
    await begun.wait()
    await until(lambda: '"hash":"' in (docstore.get_document_hash("cake") or ""))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended == ["hang"]
    other = router_of(rules, ignored, kept, docstore=docstore)
    assert (await other.arun(two())).unchanged == ("cake",)


async def test_a_run_that_is_cancelled_while_it_classifies_routes_nothing(rules: list[Rule]) -> None:
    backend, kept = HeldBackend(), Collected()
    router = IngestionRouter({}, default=kept, rules=rules, backend=backend, on_failure="annotate")
    running = asyncio.create_task(router.arun(two()))
    await until(backend.begun.is_set)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert kept.calls == []


async def test_a_target_that_cancels_itself_ends_the_run_and_no_other_goes_on(rules: list[Rule]) -> None:
    ended = list[str]()

    async def cancelled(nodes: list[BaseNode]) -> None:
        raise asyncio.CancelledError

    async def hang(nodes: list[BaseNode]) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hang")

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(router_of(rules, hang, cancelled, concurrency=2).arun(two()), PATIENCE)
    assert ended == ["hang"]


def test_an_interrupted_run_begins_no_further_route(rules: list[Rule]) -> None:
    def interrupted(nodes: list[BaseNode]) -> None:
        raise KeyboardInterrupt

    kept = Collected()
    with pytest.raises(KeyboardInterrupt):
        router_of(rules, interrupted, kept).run(two())
    assert kept.calls == []


async def test_errors_of_concurrent_routes_are_all_told(rules: list[Rule]) -> None:
    barrier = threading.Barrier(2)

    def breaks(nodes: list[BaseNode]) -> None:
        barrier.wait(PATIENCE)
        raise ConnectionError

    router = router_of(rules, breaks, partial(breaks), concurrency=2)
    with pytest.raises(RoutingError) as caught:
        router.run(two())
    assert [route.name for route in caught.value.report.failed_routes] == ["invoice", "recipe"]
    with pytest.raises(RoutingError):
        await router.arun(two())


@pytest.mark.parametrize("way", ["run", "arun"])
async def test_what_runs_in_threads_is_traced_within_the_router(
    way: str, rules: list[Rule], spans: CollectingSpanHandler
) -> None:
    parents = dict[str, str | None]()

    class Parents(CollectingSpanHandler):
        def span_enter(self, id_: str, *args: Any, parent_id: str | None = None, **told: Any) -> None:
            parents[id_.partition("-")[0]] = parent_id

    handler = Parents()
    _blocked.set()
    get_dispatcher().add_span_handler(handler)
    try:
        router = router_of(rules, [Blocking()], [Blocking()], concurrency=2)
        _ = router.run(two()) if way == "run" else await router.arun(two())
    finally:
        get_dispatcher().span_handlers.remove(handler)
    assert (parents["Blocking.__call__"] or "").startswith(f"IngestionRouter.{way}-")
