"""Waits for something no longer than so many seconds of a clock."""

from __future__ import annotations

import asyncio

from classify_core.api.clock import Clock


async def done_within(seconds: float | None, clock: Clock, awaited: asyncio.Future[None]) -> bool:
    """Waits until a future is done, and says whether it is; None waits for ever.

    Cancelling the wait leaves the future as it is: what it stands for may have happened in the very moment.
    """
    if seconds is None or awaited.done():
        await asyncio.wait({awaited})
        return True
    alarm = asyncio.ensure_future(clock.asleep(seconds))
    try:
        await asyncio.wait({awaited, alarm}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        alarm.cancel()
    return awaited.done()
