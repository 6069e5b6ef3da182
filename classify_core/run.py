"""One call's documents: how many are open, what stopped it, and what it comes to in the end.

Callers feed it and take from it in their own thread or on their own loop, so that an iterable of sources is consumed
where it belongs; the work itself is on the background loop. `drive` and `adrive` differ only in what they wait on.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Final, Self, TypeAlias

from classify_core.backend import unexpected
from classify_core.background import background
from classify_core.classification import Classification, Status
from classify_core.errors import BatchError, ClassifyError, ClassifyTimeoutError, RunStoppedError
from classify_core.run_state import RunState, without_stack
from classify_core.source import Source, SourceLike, sources_of

GRACE_SECONDS: Final = 0.5
"""How long a run that is over waits for its documents to say so themselves."""

Finished: TypeAlias = tuple[int, Future[Classification]]
Starter: TypeAlias = Callable[[Source, RunState], Future[Classification]]
Failer: TypeAlias = Callable[[ClassifyError], Classification]
Sources: TypeAlias = Iterable[SourceLike] | AsyncIterable[SourceLike]


class Run:
    """A window of open documents over any number of them.

    Args:
        start: begins a document on the background loop.
        fail: makes the outcome of a document that was not begun because of an error.
        window: how many may be open before the next one is fetched from the caller's iterable.
        keep_failures: whether they will be asked for in the end.
        number_the_nameless: whether an error names a document without a name by its place.
        time_limit: seconds for all documents together; what is not done by then is given up. None is no limit.
    """

    def __init__(
        self,
        start: Starter,
        fail: Failer,
        *,
        window: int,
        keep_failures: bool,
        number_the_nameless: bool = True,
        time_limit: float | None = None,
    ) -> None:
        self._start = start
        self._fail = fail
        self._window = window
        self._keep_failures = keep_failures
        self._number_the_nameless = number_the_nameless
        self._state = RunState()
        self._open: dict[int, Future[Classification]] = {}
        self._names: dict[int, str | None] = {}
        self._is_over = False
        self._time_limit = time_limit
        # What can end by itself within the limit tells more, such as its job, than what is cut off.
        self._timer = None if time_limit is None else threading.Timer(time_limit + GRACE_SECONDS, self._give_up)
        self._failures: list[Classification] = []
        self._count = 0

    def begin(self, index: int, value: SourceLike, deliver: Callable[[Finished], None]) -> None:
        """Begins a document; `deliver` is called, most likely from another thread, once it is done."""
        self._count += 1
        future = self._open[index] = self._begun(index, value)
        if self._is_over:  # the time was over while it was begun
            future.cancel()
        future.add_done_callback(lambda done: deliver((index, done)))

    def _begun(self, index: int, value: SourceLike) -> Future[Classification]:
        try:
            source = Source.of(value)
            self._names[index] = source.name
            return self._start(source, self._state)
        except ClassifyError as error:  # no document at all: the others are unharmed
            future: Future[Classification] = Future()
            future.set_result(self._fail(error))
            return future

    @property
    def is_full(self) -> bool:
        """Whether to take a finished document before beginning another."""
        return len(self._open) >= self._window

    @property
    def is_open(self) -> bool:
        """Whether any document is still to come."""
        return bool(self._open)

    def settle(self, finished: Finished) -> tuple[int, Classification]:
        """Takes a finished document out of the run."""
        index, future = finished
        del self._open[index]
        outcome = self._outcome(future, self._names.pop(index, None))
        if outcome.error is not None:
            if self._number_the_nameless and outcome.source_name is None:
                outcome.error.about(source_name=f"number {index + 1}")
            if self._keep_failures:
                self._failures.append(outcome)
        return index, outcome

    def _outcome(self, future: Future[Classification], name: str | None) -> Classification:
        try:
            return future.result()
        except CancelledError:
            closed = RunStoppedError("the classifier was closed before the document was done; run it again")
            error = self._state.cause or closed
        except ClassifyError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - nothing may take the others with it
            error = unexpected(raised)
        own = without_stack(error)
        own.source_name = name
        return self._fail(own)

    def raise_failures(self, outcomes: Sequence[Classification] | None = None) -> None:
        """Ends a run that must not fail silently.

        Args:
            outcomes: what the error carries; by default the failures.

        Raises:
            BatchError: at least one document has no classification.
        """
        if self._failures:
            error = batch_error(self._count, self._failures, 'on_error="record" returns them instead of raising')
            error.outcomes = tuple(self._failures if outcomes is None else outcomes)
            raise error from (self._state.cause or self._failures[0].error)

    def _give_up(self) -> None:
        """Ends the run because its time is over; called from the timer's thread."""
        self._state.stop(
            ClassifyTimeoutError(
                f"not all documents of the call were done within its {self._time_limit:g} s; allow more",
                timeout=self._time_limit,
            )
        )
        self._is_over = True
        self._cancel_open()

    def _cancel_open(self) -> None:
        for future in list(self._open.values()):
            future.cancel()

    def __enter__(self) -> Self:
        if self._timer is not None and self._time_limit is not None:
            self._state.deadline = time.monotonic() + self._time_limit
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._cancel_open()


def drive(run: Run, sources: Iterable[SourceLike]) -> Iterator[tuple[int, Classification]]:
    """Feeds a run in the calling thread; yields outcomes as they come.

    Raises:
        UsageError: called from inside a backend, which would wait for itself for ever.
    """
    background.refuse_inside()
    done: queue.SimpleQueue[Finished] = queue.SimpleQueue()
    for index, source in enumerate(sources_of(sources)):
        run.begin(index, source, done.put)
        while run.is_full or not done.empty():
            yield run.settle(done.get())
    while run.is_open:
        yield run.settle(done.get())


async def adrive(run: Run, sources: Sources) -> AsyncIterator[tuple[int, Classification]]:
    """Feeds a run on the caller's loop; yields outcomes as they come, also while the next source is awaited."""
    loop, done = asyncio.get_running_loop(), asyncio.Queue[Finished]()

    def deliver(finished: Finished) -> None:
        if not loop.is_closed():  # the caller's loop may have ended before its cancelled work did
            loop.call_soon_threadsafe(done.put_nowait, finished)

    numbered = _numbered(sources)
    coming: asyncio.Task[tuple[int, SourceLike] | None] | None = asyncio.ensure_future(anext(numbered, None))
    finished = asyncio.ensure_future(done.get())
    try:
        while coming is not None or run.is_open:
            awaited = {finished} if coming is None or run.is_full else {finished, coming}
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            if coming is not None and coming.done():
                coming = _begin_next(run, coming.result(), numbered, deliver)
            if finished.done():
                yield run.settle(finished.result())
                finished = asyncio.ensure_future(done.get())
    finally:
        finished.cancel()
        if coming is not None:
            coming.cancel()
            await asyncio.wait([coming])
        await numbered.aclose()


def _begin_next(
    run: Run,
    item: tuple[int, SourceLike] | None,
    numbered: AsyncIterator[tuple[int, SourceLike]],
    deliver: Callable[[Finished], None],
) -> asyncio.Task[tuple[int, SourceLike] | None] | None:
    """Begins a document and asks for the one after it; None after the last."""
    if item is None:
        return None
    run.begin(*item, deliver)
    return asyncio.ensure_future(anext(numbered, None))


async def _numbered(sources: Sources) -> AsyncGenerator[tuple[int, SourceLike], None]:
    if isinstance(sources, AsyncIterable):
        index = 0
        async for source in sources:
            yield index, source
            index += 1
        return
    for numbered in enumerate(sources_of(sources)):
        yield numbered


def batch_error(count: int, failures: Sequence[Classification], remedy: str) -> BatchError:
    """The error of a run in which documents have no classification; it carries the failures."""
    not_started = sum(outcome.status is Status.NOT_STARTED for outcome in failures)
    first = next((outcome.error for outcome in failures if outcome.error is not None), None)
    return BatchError(
        f"{len(failures)} of {count} documents have no classification ({len(failures) - not_started} failed, "
        f"{not_started} not started); the first: {first}. All outcomes are in .outcomes; {remedy}",
        outcomes=failures,
    )
