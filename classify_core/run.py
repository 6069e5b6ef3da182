"""One call's documents: how many are open, what stopped it, and what it comes to in the end.

Callers feed it and take from it in their own thread or on their own loop, so that an iterable of sources is consumed
where it belongs; the work itself is on the background loop. The synchronous and the asynchronous face differ only in
the queue they wait on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Self, TypeAlias

from classify_core.classification import Classification, Status
from classify_core.errors import BatchError, ClassifyError
from classify_core.execution import RunState
from classify_core.source import Source

Finished: TypeAlias = tuple[int, Future[Classification]]
Starter: TypeAlias = Callable[[Source, RunState], Future[Classification]]


class Run:
    """A window of open documents over any number of them.

    Args:
        start: begins a document on the background loop.
        window: how many may be open before the next one is fetched from the caller's iterable.
    """

    def __init__(self, start: Starter, *, window: int) -> None:
        self._start = start
        self._window = window
        self._state = RunState()
        self._open: dict[int, Future[Classification]] = {}
        self._failures: list[Classification] = []
        self._count = 0

    def begin(self, index: int, source: Source, deliver: Callable[[Finished], None]) -> None:
        """Begins a document; `deliver` is called from another thread once it is done."""
        self._count += 1
        future = self._open[index] = self._start(source, self._state)
        future.add_done_callback(lambda done: deliver((index, done)))

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
        outcome = _result_of(future)
        if not outcome.status.is_success:
            self._failures.append(outcome)
        return index, outcome

    def raise_failures(self, outcomes: Sequence[Classification] | None = None) -> None:
        """Ends a run that must not fail silently.

        Args:
            outcomes: what the error carries; by default the failures.

        Raises:
            BatchError: at least one document has no classification.
        """
        if self._failures:
            error = BatchError(
                _summary(self._count, self._failures), outcomes=self._failures if outcomes is None else outcomes
            )
            raise error from (self._state.cause or self._failures[0].error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for future in list(self._open.values()):
            future.cancel()


def _summary(count: int, failures: Sequence[Classification]) -> str:
    not_started = sum(outcome.status is Status.NOT_STARTED for outcome in failures)
    began = len(failures) - not_started
    first = next((outcome.error for outcome in failures if outcome.error is not None), None)
    return (
        f"{len(failures)} of {count} documents have no classification ({began} failed, {not_started} not started); "
        f'the first: {first}. All outcomes are in .outcomes; on_error="record" returns them instead of raising'
    )


def _result_of(future: Future[Classification]) -> Classification:
    try:
        return future.result()
    except CancelledError as error:
        raise ClassifyError("the classifier was closed before the document was done") from error
