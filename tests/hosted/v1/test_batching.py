"""When documents that are on their way are sent as one job: with a clock that no test waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from classify_core.deadline import Deadline
from classify_core.hosted.v1 import batching
from classify_core.hosted.v1.batching import Batch, Gathering
from classify_core.hosted.v1.begun_file import BegunFile, FileOrigin
from classify_core.hosted.v1.work import Work, work_of
from classify_core.models_v1 import V1Mode
from tests.clocks import VirtualClock
from tests.hosted.calls import BILL, Call
from tests.hosted.v1.runs import CallDocument, request_of


class Sent:
    """Keeps what is sent, and when; as the backend does, it lingers for each batch."""

    def __init__(self, clock: VirtualClock, work: Work) -> None:
        self.clock = clock
        self.batches: list[tuple[float, int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.gathering = Gathering(work, clock, self._start)

    def _start(self, batch: Batch) -> None:
        self._tasks += [asyncio.create_task(self.gathering.linger(batch)), asyncio.create_task(self._send(batch))]

    async def _send(self, batch: Batch) -> None:
        await batch.completed()
        self.gathering.close(batch)
        self.batches.append((round(self.clock.time, 3), len(batch.files)))

    async def approach(self, run: Call, number: int, *, seconds: float = 0.0, timeout: float = 600.0) -> None:
        """A document whose upload takes some seconds."""
        origin = FileOrigin(file_id=f"dfl-{number}", document=str(number), work_id=str(number), is_own=True)
        with self.gathering.approaching(run):
            await self.clock.asleep(seconds)
            deadline = Deadline(self.clock.time + timeout)
            self.gathering.join(run, BegunFile(origin, CallDocument(run), deadline, timeout=timeout))

    async def all(self) -> list[tuple[float, int]]:
        """The moment and the size of each batch, once all are sent."""
        await asyncio.gather(*self._tasks)
        return self.batches


def _sent(program: Any) -> list[tuple[float, int]]:
    clock = VirtualClock()

    async def main() -> list[tuple[float, int]]:
        work = work_of(_REQUEST, V1Mode.FAST)
        sent = Sent(clock, work)
        await program(sent)
        return await sent.all()

    return clock.run(main())


def _run_once(program: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner() as runner:
        return runner.run(program)


_REQUEST = _run_once(request_of(BILL))


def test_a_batch_is_sent_when_all_documents_of_the_call_have_come() -> None:
    async def program(sent: Sent) -> None:
        run = Call(expected=3)
        await asyncio.gather(*(sent.approach(run, number, seconds=number) for number in range(3)))

    assert _sent(program) == [(2.0, 3)]


def test_a_document_that_fails_on_its_way_keeps_nobody_waiting() -> None:
    async def failing(sent: Sent, run: Call) -> None:
        with sent.gathering.approaching(run):
            await sent.clock.asleep(1)
            raise OSError

    async def program(sent: Sent) -> None:
        run = Call(expected=2)
        await asyncio.gather(sent.approach(run, 0), failing(sent, run), return_exceptions=True)

    assert _sent(program) == [(1.0, 1)]


def test_a_batch_is_sent_after_a_short_quiet_where_the_calls_length_is_not_known() -> None:
    async def program(sent: Sent) -> None:
        run = Call()
        for number in range(5):
            await sent.approach(run, number)
            await sent.clock.asleep(0.2)

    assert _sent(program) == [(1.1, 5)]


def test_cached_documents_that_never_come_do_not_hold_a_batch_back() -> None:
    async def program(sent: Sent) -> None:
        await sent.approach(Call(expected=100), 0)

    assert _sent(program) == [(batching.LINGER_SECONDS, 1)]


def test_a_batch_waits_for_uploads_that_are_under_way() -> None:
    async def program(sent: Sent) -> None:
        run = Call()
        await asyncio.gather(sent.approach(run, 0), sent.approach(run, 1, seconds=5))

    assert _sent(program) == [(5.3, 2)]


def test_a_batch_does_not_wait_for_an_upload_for_ever() -> None:
    async def program(sent: Sent) -> None:
        run = Call()
        await asyncio.gather(sent.approach(run, 0), sent.approach(run, 1, seconds=60))

    assert _sent(program) == [(batching.LONGEST_LINGER_SECONDS, 1), (60.3, 1)]


def test_a_document_with_little_time_is_not_held_back_for_long() -> None:
    async def program(sent: Sent) -> None:
        run = Call()
        await asyncio.gather(sent.approach(run, 0, timeout=2), sent.approach(run, 1, seconds=60))

    assert _sent(program)[0] == (2 * batching.LONGEST_LINGER_SHARE, 1)


def test_a_full_batch_is_sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_FILES", 3)

    async def program(sent: Sent) -> None:
        run = Call()
        for number in range(7):
            await sent.approach(run, number)

    assert _sent(program) == [(0.0, 3), (0.0, 3), (0.3, 1)]


def test_a_document_that_comes_twice_is_one_of_a_batchs_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "MAX_FILES", 2)

    async def program(sent: Sent) -> None:
        run = Call()
        for number in (0, 0, 0, 1):
            await sent.approach(run, number)

    assert _sent(program) == [(0.0, 4)]
