"""One call's documents: how many are open, what stopped it, and what it comes to in the end.

Callers feed it and take from it in their own thread or on their own loop, so that an iterable of sources is consumed
where it belongs; the work itself is on the background loop. `drive` and `adrive` differ only in what they wait on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Generic, Protocol, Self, TypeAlias, TypeVar

from classify_core.classification import Classification, Status
from classify_core.crew import Crew, Finished
from classify_core.document import Document, Released
from classify_core.errors import BatchError, ClassifyError, ClassifyTimeoutError, RunStoppedError
from classify_core.progress.events import ProgressCallback, ProgressEvent, Stage
from classify_core.run_state import RunState, without_stack
from classify_core.source import Source, SourceLike

GRACE_SECONDS: Final = 0.5
"""How long a run that is over waits for its documents to say so themselves."""


class Outcome(Protocol):
    """What a run makes of a document."""

    @property
    def error(self) -> ClassifyError | None:
        """Why it came to nothing, where it did."""

    @property
    def source_name(self) -> str | None:
        """The document's name."""


T = TypeVar("T", bound=Outcome)

Told: TypeAlias = Finished[T] | Released | ProgressEvent
"""What the background loop tells a run."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a run goes.

    Attributes:
        open_limit: how many documents may be open before the next one is fetched from the caller's iterable.
        held_limit: of how many the bytes may be held meanwhile.
        keep_failures: whether they will be asked for in the end.
        number_the_nameless: whether an error names a document without a name by its place.
        deadline: seconds for all documents together; what is not done by then is given up. None is no limit.
        on_progress: is told what happens to the documents, where they are fed.
    """

    open_limit: int
    held_limit: int
    keep_failures: bool = False
    number_the_nameless: bool = True
    deadline: float | None = None
    on_progress: ProgressCallback | None = None


class Run(Generic[T]):
    """A window of open documents over any number of them.

    Args:
        state: what its documents share.
        new_crew: makes those who work on them; it is given what they tell the run by.
        fail: makes the outcome of a document that was not begun because of an error.
        options: how it goes.
    """

    def __init__(
        self,
        state: RunState,
        new_crew: Callable[[Callable[[Finished[T]], None]], Crew[T]],
        fail: Callable[[ClassifyError], T],
        options: RunOptions,
    ) -> None:
        self._state = state
        self._new_crew = new_crew
        self._fail = fail
        self._options = options
        self._tell: Callable[[Told[T]], None] = _nobody
        self._crew: Crew[T] | None = None
        self._open: set[int] = set()
        self._held: set[int] = set()
        self._is_over = False
        self._failures: list[T] = []
        self._count = 0
        state.is_listened_to = options.on_progress is not None
        seconds = options.deadline
        if state.seconds is None:  # a second look has what is left of the call's
            state.seconds = seconds
        # What can end by itself within the limit tells more, such as its job, than what is cut off.
        self._timer = None if seconds is None else threading.Timer(seconds + GRACE_SECONDS, self._give_up)

    @property
    def state(self) -> RunState:
        """What its documents share."""
        return self._state

    def open(self, tell: Callable[[Told[T]], None]) -> None:
        """Says where to be told what happens; `tell` is called from another thread."""
        self._tell = tell
        self._crew = self._new_crew(tell)

    def expect(self, count: int) -> None:
        """Says how many documents there are, where that is known before the last one was begun."""
        self._state.expected = count

    def end_feed(self) -> None:
        """Says that no more documents come."""
        self._state.expected = self._count

    def begin(self, index: int, value: SourceLike) -> None:
        """Begins a document."""
        if self._crew is None:
            raise TypeError("a run is opened before it is fed")
        self._count += 1
        self._open.add(index)
        try:
            source = Source.of(value)
        except ClassifyError as error:  # no document at all: the others are unharmed
            self._tell(ProgressEvent(Stage.FAILED, index))
            self._tell(Finished(index, None, self._fail(error)))
            return
        self._held.add(index)
        self._state.fetched += 1
        self._crew.put(Document(index, source, self._state, self._tell))
        if self._is_over:  # the time was over while it was begun
            self._crew.cancel()

    @property
    def is_full(self) -> bool:
        """Whether to wait for another document before beginning the next."""
        return len(self._open) >= self._options.open_limit or len(self._held) >= self._options.held_limit

    @property
    def is_open(self) -> bool:
        """Whether any document is still to come."""
        return bool(self._open)

    def heard(self, told: Told[T]) -> Iterator[tuple[int, T]]:
        """Takes note of what was told; yields an outcome where it is one."""
        if isinstance(told, Finished):
            yield self._settled(told)
        elif isinstance(told, Released):
            self._held.discard(told.index)
        elif self._options.on_progress is not None:
            self._options.on_progress(told)

    def _settled(self, finished: Finished[T]) -> tuple[int, T]:
        self._open.discard(finished.index)
        self._held.discard(finished.index)
        outcome = finished.outcome if finished.outcome is not None else self._cut_off(finished)
        if outcome.error is not None:
            if self._options.number_the_nameless and outcome.source_name is None:
                outcome.error.about(source_name=f"number {finished.index + 1}")
            if self._options.keep_failures:
                self._failures.append(outcome)
        return finished.index, outcome

    def _cut_off(self, finished: Finished[T]) -> T:
        closed = RunStoppedError("not done, because the classifier was closed meanwhile; make a new one")
        own = without_stack(finished.error or self._state.cause or closed)
        own.source_name = finished.name
        return self._fail(own)

    def raise_failures(self, outcomes: Sequence[Classification] | None = None) -> None:
        """Ends a run that must not fail silently.

        Args:
            outcomes: what the error carries; by default the failures.

        Raises:
            BatchError: at least one document has no classification.
        """
        told = self._failures if outcomes is None or not self._options.keep_failures else outcomes
        failures = [each for each in told if isinstance(each, Classification) and each.error is not None]
        if failures:
            error = batch_error(self._count, failures, 'on_error="record" returns them instead of raising')
            error.outcomes = tuple(failures if outcomes is None else outcomes)
            raise error from (self._state.cause or failures[0].error)

    def _give_up(self) -> None:
        """Ends the run because its time is over; called from the timer's thread."""
        seconds = self._state.seconds
        self._state.stop(
            ClassifyTimeoutError(
                f"not all documents of the call were done within its deadline of {seconds:g} s; allow more",
                timeout=seconds,
            )
        )
        self._is_over = True
        self._cancel_open()

    def _cancel_open(self) -> None:
        if self._crew is not None:
            self._crew.cancel()

    def __enter__(self) -> Self:
        if self._timer is not None and self._options.deadline is not None:
            self._state.deadline = time.monotonic() + self._options.deadline
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._cancel_open()


def _nobody(told: object) -> None:
    del told


def batch_error(count: int, failures: Sequence[Classification], remedy: str) -> BatchError:
    """The error of a run in which documents have no classification; it carries the failures."""
    not_started = sum(outcome.status is Status.NOT_STARTED for outcome in failures)
    first = next((outcome.error for outcome in failures if outcome.error is not None), None)
    return BatchError(
        f"{len(failures)} of {count} documents have no classification ({len(failures) - not_started} failed, "
        f"{not_started} not started); the first: {first}. All outcomes are in .outcomes; {remedy}",
        outcomes=failures,
    )
