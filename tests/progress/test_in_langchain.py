from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.runnables import RunnableConfig, RunnableLambda

from classify_core.progress import ProgressEvent, Stage
from langchain_classify.progress import EVENT_NAME, adispatched_progress, dispatched_progress

EVENTS = [ProgressEvent(stage, 0, "a.pdf") for stage in (Stage.UPLOADED, Stage.CREATED, Stage.RUNNING, Stage.DONE)]
STAGES = ["uploaded", "created", "running", "done"]


class Told:
    """What a handler is told, in order."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.runs: list[UUID] = []
        self.ended: list[UUID] = []
        self.after_the_end = 0

    @property
    def stages(self) -> list[str]:
        return [event["stage"] for event in self.events]

    def keep(self, name: str, data: dict[str, Any], run_id: UUID) -> None:
        assert name == EVENT_NAME
        self.events.append(data)
        self.runs.append(run_id)
        self.after_the_end += run_id in self.ended


class Handler(Told, BaseCallbackHandler):
    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.keep(name, data, run_id)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.ended.append(run_id)


class AsyncHandler(Told, AsyncCallbackHandler):
    async def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> None:
        await asyncio.sleep(0)
        self.keep(name, data, run_id)

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        self.ended.append(run_id)


class Refusing(AsyncCallbackHandler):
    raise_error = True

    def __init__(self) -> None:
        self.count = 0

    async def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
        self.count += 1
        raise KeyError(name)


def _tell(_: Any) -> None:
    callback = dispatched_progress()
    if callback is not None:
        for event in EVENTS:
            callback(event)


async def _atell(_: Any) -> None:
    async with adispatched_progress() as callback:
        if callback is not None:
            for event in EVENTS:
                callback(event)


def test_a_handler_of_the_run_hears_each_event_as_plain_data() -> None:
    handler = Handler()
    RunnableLambda(_tell).invoke(0, {"callbacks": [handler], "run_id": UUID(int=7)})
    assert handler.stages == STAGES
    assert handler.events[0] == EVENTS[0].as_data()
    assert set(handler.runs) == {UUID(int=7)}


@pytest.mark.parametrize("kind", [Handler, AsyncHandler])
async def test_on_a_loop_a_handler_of_either_kind_hears_everything_in_order_before_the_run_ends(
    kind: type[Handler | AsyncHandler],
) -> None:
    handler = kind()
    await RunnableLambda(_atell).ainvoke(0, {"callbacks": [handler]})
    assert handler.stages == STAGES
    assert handler.after_the_end == 0


async def test_events_are_told_while_the_call_goes_on() -> None:
    handler = AsyncHandler()

    async def call(_: Any) -> list[str]:
        async with adispatched_progress() as callback:
            assert callback is not None
            callback(EVENTS[0])
            async with asyncio.timeout(10):
                while not handler.events:
                    await asyncio.sleep(0.001)
            return handler.stages

    assert await RunnableLambda(call).ainvoke(0, {"callbacks": [handler]}) == ["uploaded"]


async def test_a_stream_of_events_has_them() -> None:
    stream = RunnableLambda(_atell).astream_events(0, version="v2")
    told = [each["data"]["stage"] async for each in stream if each["event"] == "on_custom_event"]
    assert told == STAGES


async def test_without_a_run_or_without_handlers_there_is_no_callback() -> None:
    assert dispatched_progress() is None
    assert dispatched_progress({"callbacks": [Handler()]}) is None
    assert RunnableLambda(lambda _: [dispatched_progress()]).invoke(0) == [None]

    async def found(_: Any) -> list[Any]:
        async with adispatched_progress() as callback:
            return [callback]

    assert await found(0) == [None]
    assert await RunnableLambda(found).ainvoke(0) == [None]


def test_each_document_of_a_batch_is_told_to_its_own_run() -> None:
    handlers = [Handler(), Handler()]

    def call(values: list[int], config: list[RunnableConfig]) -> list[int]:
        callback = dispatched_progress(config)
        assert callback is not None
        for index in values:
            callback(ProgressEvent(Stage.DONE, index))
        return values

    configs: list[RunnableConfig] = [{"callbacks": [handler]} for handler in handlers]
    RunnableLambda(lambda _: None)._batch_with_config(call, [0, 1, 2], [*configs, {}])
    assert [[event["index"] for event in handler.events] for handler in handlers] == [[0], [1]]


async def test_each_document_of_a_batch_is_told_to_its_own_run_on_a_loop_too() -> None:
    handlers = [AsyncHandler(), AsyncHandler()]

    async def call(values: list[int], config: list[RunnableConfig]) -> list[int]:
        async with adispatched_progress(config) as callback:
            assert callback is not None
            for index in values:
                callback(ProgressEvent(Stage.DONE, index))
        return values

    configs: list[RunnableConfig] = [{"callbacks": [handler]} for handler in handlers]
    await RunnableLambda(lambda _: None)._abatch_with_config(call, [0, 1], configs)
    assert [[event["index"] for event in handler.events] for handler in handlers] == [[0], [1]]


async def test_a_failing_call_keeps_its_error_and_what_was_told_before() -> None:
    handler = AsyncHandler()

    async def call(_: Any) -> None:
        async with adispatched_progress() as callback:
            assert callback is not None
            callback(EVENTS[0])
            raise LookupError("the call's own")

    with pytest.raises(LookupError, match="the call's own"):
        await RunnableLambda(call).ainvoke(0, {"callbacks": [handler, Refusing()]})
    assert handler.stages == ["uploaded"]


async def test_a_handler_that_is_to_raise_ends_the_call() -> None:
    refusing, rounds = Refusing(), list[int]()

    async def call(_: Any) -> None:
        async with adispatched_progress() as callback:
            assert callback is not None
            for number in range(100):
                callback(EVENTS[0])
                rounds.append(number)
                await asyncio.sleep(0.001)

    with pytest.raises(KeyError, match=EVENT_NAME):
        await RunnableLambda(call).ainvoke(0, {"callbacks": [refusing]})
    assert refusing.count == 1
    assert len(rounds) < 100


async def test_a_handler_that_is_to_raise_ends_the_call_at_its_end_at_the_latest() -> None:
    with pytest.raises(KeyError, match=EVENT_NAME):
        await RunnableLambda(_atell).ainvoke(0, {"callbacks": [Refusing()]})


async def test_a_cancelled_call_does_not_wait_for_handlers() -> None:
    reached, never = asyncio.Event(), asyncio.Event()

    class Slow(AsyncCallbackHandler):
        async def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
            reached.set()
            await never.wait()

    async def call(_: Any) -> None:
        async with adispatched_progress() as callback:
            assert callback is not None
            callback(EVENTS[0])
            await never.wait()

    task = asyncio.create_task(RunnableLambda(call).ainvoke(0, {"callbacks": [Slow()]}))
    async with asyncio.timeout(10):
        await reached.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
