"""Does what a flow asks: once for threads, once for event loops. All logic is in the flows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import httpx

from classify_core.api.call import Call
from classify_core.api.clock import Clock
from classify_core.api.flow import Flow, Send, Terms, TooLateError, answer_in_time
from classify_core.api.waiting import Wait, await_end

T = TypeVar("T")
Operation = Call[T] | Wait[T]


def begin(operation: Operation[T], terms: Terms) -> Flow[T]:
    """Returns the flow of a call or a wait."""
    if isinstance(operation, Wait):
        return await_end(operation, terms)
    return answer_in_time(operation, terms)


def drive(flow: Flow[T], send: Callable[[Send], httpx.Response], clock: Clock) -> T:
    """Runs a flow in this thread."""
    try:
        step = next(flow)
        while True:
            if not isinstance(step, Send):
                clock.sleep(step.seconds)
                step = flow.send(None)
                continue
            try:
                response = send(step)
            except (httpx.RequestError, TooLateError) as fault:
                step = flow.throw(fault)
            else:
                step = flow.send(response)
    except StopIteration as done:
        result: T = done.value
        return result


async def adrive(flow: Flow[T], send: Callable[[Send], Awaitable[httpx.Response]], clock: Clock) -> T:
    """Runs a flow on the running event loop."""
    try:
        step = next(flow)
        while True:
            if not isinstance(step, Send):
                await clock.asleep(step.seconds)
                step = flow.send(None)
                continue
            try:
                response = await send(step)
            except (httpx.RequestError, TooLateError) as fault:
                step = flow.throw(fault)
            else:
                step = flow.send(response)
    except StopIteration as done:
        result: T = done.value
        return result
