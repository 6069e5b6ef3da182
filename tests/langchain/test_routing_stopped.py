"""A router that is stopped: it ends, whatever its parts make of it, and nothing goes on behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.runnables import Runnable, RunnableLambda, RunnablePassthrough

from classify_core import Rule
from langchain_classify import ClassifyRunnable
from langchain_classify.routing import route_by_type
from tests.backends import HeldBackend, until
from tests.langchain.helpers import Recorder
from tests.langchain.routed import INVOICE, NO_MATCH, RECIPE, run, telling


async def test_cancelling_a_batch_ends_its_branches() -> None:
    begun, ended = set[str](), set[str]()

    async def wait(value: Any) -> None:
        begun.add(value.type)
        try:
            await asyncio.Event().wait()
        finally:
            ended.add(value.type)

    async def wait_too(value: Any) -> None:
        await wait(value)

    waiting = route_by_type({"invoice": wait, "recipe": wait_too}, default=telling("default"))
    for options in ({}, {"return_exceptions": True}):
        begun.clear()
        ended.clear()
        batch = asyncio.create_task(waiting.abatch([INVOICE, RECIPE], **options))
        await until(lambda: len(begun) == 2)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        assert ended == {"invoice", "recipe"}


async def test_cancelling_a_call_cancels_its_classification(rules: list[Rule]) -> None:
    backend = HeldBackend()
    call = asyncio.create_task(
        route_by_type({}, default=telling("default"), classify=ClassifyRunnable(rules, backend=backend)).ainvoke(
            "an invoice"
        )
    )
    await until(backend.begun.is_set)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: backend.cancelled)


class Waiting:
    """A part that begins, and ends by being cancelled only."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0

    async def __call__(self, value: Any) -> Any:
        self.begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.ended += 1


# LangChain's own batches of these hand back a cancellation in place of a result, where errors are kept.
every_part = pytest.mark.parametrize(
    "part_of",
    [lambda made: made, lambda made: RunnablePassthrough() | made, lambda made: made.with_retry()],
    ids=["alone", "sequence", "retry"],
)
every_batch = pytest.mark.parametrize("keeps_errors", [False, True])


@every_part
@every_batch
@pytest.mark.parametrize("config", [None, {"max_concurrency": 1}], ids=["unbounded", "bounded"])
async def test_no_further_branch_begins_once_a_batch_is_cancelled(
    part_of: Callable[[Any], Runnable[Any, Any]], config: Any, keeps_errors: Any
) -> None:
    first, second = Waiting(), Waiting()
    routes = {"invoice": part_of(RunnableLambda(first)), "recipe": part_of(RunnableLambda(second))}
    waiting = route_by_type(routes, default=telling("default"))
    inputs = [INVOICE, RECIPE]
    batch = asyncio.create_task(waiting.abatch(inputs, config, return_exceptions=keeps_errors))
    await until(lambda: first.begun + second.begun == (2 if config is None else 1))
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert (first.ended, second.ended) == (first.begun, second.begun) == (1, 1 if config is None else 0)


@every_part
@every_batch
async def test_a_batch_that_is_cancelled_while_it_classifies_is_cancelled_and_traced_so(
    part_of: Callable[[Any], Runnable[Any, Any]], keeps_errors: Any
) -> None:
    asking, recorder = Waiting(), Recorder()
    waiting = route_by_type({}, default=telling("default"), classify=part_of(RunnableLambda(asking)))
    config: Any = {"callbacks": [recorder]}
    batch = asyncio.create_task(waiting.abatch(["a", "b"], config, return_exceptions=keeps_errors))
    await until(lambda: asking.begun == 2)
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert asking.ended == 2
    own = recorder.named("route_by_type")
    assert len(own) == 2
    assert all("CancelledError" in str(one.error) for one in own)
    assert not recorder.named("default")


@every_batch
@pytest.mark.parametrize("face", ["sync", "async"])
def test_what_stops_the_program_is_no_result_of_a_batch(face: str, keeps_errors: Any) -> None:
    def stop(value: Any) -> Any:
        raise SystemExit(3)

    stopping = route_by_type({"invoice": RunnablePassthrough() | stop}, default=telling("default"))
    values = [INVOICE, NO_MATCH]
    with pytest.raises(SystemExit):
        run(face, stopping, "batch", values, {"max_concurrency": 1}, return_exceptions=keeps_errors)
