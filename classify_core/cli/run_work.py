"""The work of a run: what is not done yet is classified, and each result is kept as it comes."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing

from classify_core.classification import Classification, Status
from classify_core.classifier import Classifier
from classify_core.cli.run_display import Progress
from classify_core.cli.run_inputs import Input
from classify_core.cli.run_records import ResultRecord, record_of
from classify_core.cli.run_results import ResultsFile
from classify_core.cli.run_tally import Tally
from classify_core.errors import ApiError, ClassifyError, ConnectionFailedError
from classify_core.progress import Stage
from classify_core.run_state import ends_the_run
from classify_core.source import Source


class Work:
    """Takes documents through a classifier, in memory that does not grow with their number.

    Args:
        classifier: what classifies.
        results: the file that keeps the results, and may hold some already; None where there is none.
        tally: counts what happens.
        progress: tells of each document, where anybody watches.

    Attributes:
        stopped_by: the error that would meet every other document too and ended the run, if one did.
    """

    def __init__(self, classifier: Classifier, results: ResultsFile | None, tally: Tally, progress: Progress) -> None:
        self._classifier = classifier
        self._results = results
        self._tally = tally
        self._progress = progress
        self._open: dict[int, str] = {}
        self._unread: deque[ResultRecord] = deque()
        self._has_answers = False
        self.stopped_by: ClassifyError | None = None

    def records(self, inputs: Iterable[Input]) -> Iterator[ResultRecord]:
        """Yields the results as they come; each is in the file, and counted, before it is yielded."""
        with closing(self._outcomes(inputs)) as outcomes:
            for index, outcome in outcomes:
                path = self._open.pop(index)
                self._has_answers |= outcome.job_id is not None or isinstance(outcome.error, ApiError)
                yield from self._unread_records()
                if not self._is_given_up(outcome):
                    yield self._finished(record_of(path, outcome))
                elif self._is_in_vain:
                    break
        self._tally.not_done += len(self._open)
        yield from self._unread_records()

    def _outcomes(self, inputs: Iterable[Input]) -> Generator[tuple[int, Classification], None, None]:
        return self._classifier.classify_as_completed(
            self._sources(inputs), on_error="record", on_progress=self._progress.callback
        )

    @property
    def _is_in_vain(self) -> bool:
        """Whether each document that is open waits for as many attempts as the one that ended the run."""
        return isinstance(self.stopped_by, ConnectionFailedError)

    def _sources(self, inputs: Iterable[Input]) -> Iterator[Source]:
        """What is to be classified; ends early when nothing more can be."""
        index = 0
        for each in inputs:
            if self.stopped_by is not None:
                self._tally.not_done += 1
                return
            if isinstance(each.source, ClassifyError):
                self._progress.tell(Stage.FAILED)
                self._unread.append(record_of(each.path, self._classifier.failed(each.source)))
            elif not self._is_done(each.path, each.source):
                self._open[index] = each.path
                index += 1
                yield each.source

    def _is_done(self, path: str, source: Source) -> bool:
        """Whether the file holds the result of this very content; if so, it is counted."""
        kept = None if self._results is None else self._results.result_of(path, source)
        if kept is None:
            return False
        self._tally.count_before(kept.type, kept.confidence, is_withheld=kept.is_withheld)
        self._progress.tell(Stage.CACHED)
        return True

    def _is_given_up(self, outcome: Classification) -> bool:
        """Whether the document has no outcome of its own, since something ended the run."""
        if outcome.error is None:
            return False
        ends = self._ends_the_run(outcome.error)
        if self.stopped_by is None and ends:
            self.stopped_by = outcome.error
        is_given_up = outcome.status is Status.NOT_STARTED or ends
        self._tally.not_done += is_given_up
        return is_given_up

    def _ends_the_run(self, error: ClassifyError) -> bool:
        """Whether an error would meet every other document too.

        A service that no document has reached is down, or its address is wrong; each further document would wait for
        as many attempts. One that answered before is taken to come back.
        """
        return ends_the_run(error) or (isinstance(error, ConnectionFailedError) and not self._has_answers)

    def _unread_records(self) -> Iterator[ResultRecord]:
        while self._unread:
            yield self._finished(self._unread.popleft())

    def _finished(self, record: ResultRecord) -> ResultRecord:
        if self._results is not None:
            self._results.add(record)
        self._tally.count(record)
        return record
