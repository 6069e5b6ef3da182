"""What classifies: anything that turns one document and a configuration into an answer."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Protocol, TypeAlias, runtime_checkable

from classify_core.cache.protocol import Journal
from classify_core.classification import Answer
from classify_core.errors import ClassifyError
from classify_core.models import ClassifyConfiguration, JobStatus
from classify_core.progress.events import Stage
from classify_core.source import Content, Source, content_key


@dataclass(frozen=True, slots=True)
class ClassifyRequest:
    """One document under one configuration.

    Attributes:
        source: where the document comes from.
        content: what it holds, already read; None where only the hosted service has it.
        configuration: rules, mode and parsing options.
        configuration_id: the saved configuration that `configuration` was loaded from, if it was.
        batch: the documents of the call, where the backend looks at all of them together in the end.
    """

    source: Source
    content: Content | None
    configuration: ClassifyConfiguration
    configuration_id: str | None = None
    batch: Batch | None = field(default=None, repr=False, compare=False)

    @property
    def content_key(self) -> str:
        """Equal for equal documents."""
        return content_key(self.source, self.content)


@runtime_checkable
class Backend(Protocol):
    """Classifies single documents; the `Classifier` does the rest (concurrency, order, duplicates, thresholds).

    Its methods run on the background event loop of the process, many at a time: blocking work belongs into a thread.
    """

    @property
    def name(self) -> str:
        """A stable short name that becomes `classify_backend` and a part of `rules_id`."""

    @property
    def default_concurrency(self) -> int:
        """How many documents it usefully works on at once, where the user set no `max_concurrency`."""

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Classifies one document within `timeout` seconds.

        Raises:
            ClassifyError: this document could not be classified.
            AuthenticationError, OutOfCreditsError, RateLimitError with `plan_limit`: nor could any other; these stop
                the run.
        """

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """Loads a saved configuration.

        Raises:
            InvalidOptionError: this backend has none.
        """

    async def aclose(self) -> None:
        """Releases connections, for good."""


class Batch(Protocol):
    """The documents of one call, of which a backend takes note while it classifies each."""

    async def answers(self) -> Mapping[str, Answer]:
        """Answers with a view to all documents, by content key; a document that is not named keeps its own.

        It is asked after every document was classified or has failed, and again where more was learned since.
        """


@runtime_checkable
class SecondLookBatch(Batch, Protocol):
    """A batch of which some documents are classified once more, now that all were seen."""

    async def chosen(self) -> Mapping[str, Source]:
        """The documents to classify again, by content key; it is asked until there are none."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What was learned.

    Attributes:
        documents: how many documents teach by now.
        labelled: how many of them have a type that somebody said.
        agreement: 0.0 to 1.0: of the documents that the engine is sure of, and of those with a label, the share of
            which the others say the same; None where they could not teach each other.
    """

    documents: int
    labelled: int
    agreement: float | None


@runtime_checkable
class BatchBackend(Backend, Protocol):
    """A backend that can look at all documents of a call together, and learns from documents."""

    def new_batch(self, configuration: ClassifyConfiguration) -> Batch | None:
        """Makes what takes note of a call's documents; None where they can teach each other nothing.

        Args:
            configuration: the rules of the call.
        """

    async def learn(
        self,
        configuration: ClassifyConfiguration,
        batch: Batch,
        labels: Mapping[str, str | None],
        *,
        by_themselves: bool,
    ) -> Lessons:
        """Keeps what documents teach, for all that are classified with the same types from now on.

        Args:
            configuration: the rules.
            batch: the documents, as `new_batch` made it.
            labels: the types of documents, by content key, as far as somebody said them; None is no type.
            by_themselves: whether documents without a label teach too.
        """

    def learned(self, configuration: ClassifyConfiguration) -> Mapping[str, Any] | None:
        """What was learned for the rules' types, as plain data; None where that is nothing."""

    def restore(self, configuration: ClassifyConfiguration, learned: Mapping[str, Any]) -> None:
        """Takes up what was learned before, in place of what was learned here.

        Raises:
            InvalidOptionError: it is damaged, or was learned for other types or by another backend.
        """

    def refuse_adaptation(self) -> None:
        """Says why documents could not teach each other.

        Raises:
            MissingExtraError: a library is missing.
            InvalidOptionError: there is another reason.
        """


class RunContext(Protocol):
    """What a backend may know of the call that a document belongs to.

    Attributes:
        expected: how many documents the call has; None as long as its iterable was not exhausted.
        fetched: how many of them were taken from the caller so far.
        begun: how many of them have a job or will never need one.
        open_limit: how many may be open at once by the caller's wish; None leaves it to the backend.
        deadline: a reading of `time.monotonic()` after which nothing of the call is waited for; None is no limit.
        journal: what was begun in former runs; None where nothing is noted.
        is_submission: whether the jobs are only begun and not waited for.
    """

    expected: int | None
    fetched: int
    begun: int
    open_limit: int | None
    deadline: float | None
    journal: Journal | None
    is_submission: bool


class DocumentContext(Protocol):
    """One document of a call, as far as a backend has to know of it besides what it classifies."""

    @property
    def run(self) -> RunContext:
        """The call."""

    def report(self, stage: Stage, *, job_id: str | None = None, seconds: float | None = None) -> None:
        """Tells the caller what has just happened to the document."""


@dataclass(frozen=True, slots=True)
class JobReference:
    """A job at the service, and which of its files is meant where it has several (v1)."""

    job_id: str
    file_id: str | None = None


class BegunJob(Protocol):
    """A job that was begun; the document's bytes are not needed any more."""

    @property
    def is_former(self) -> bool:
        """Whether it was made, and paid for, before this call."""

    async def referred(self) -> JobReference:
        """What names the job, for whoever does not wait for it; where documents share a job, once that was made.

        Raises:
            ClassifyError: it could not be made.
        """

    async def answer(self) -> Answer:
        """Waits for its result; cancelled, it leaves the job as the backend was told to.

        Raises:
            JobFailedError, JobCancelledError, ClassifyTimeoutError: its three ways to end without one.
        """


JobState: TypeAlias = Answer | ClassifyError | JobStatus
"""How a job stands: its answer, why there will be none, or the status it has while it is open."""


@runtime_checkable
class JobBackend(Backend, Protocol):
    """A backend whose work is done elsewhere: begun with the document at hand, and waited for without it."""

    @property
    def documents_in_hand(self) -> int:
        """How many documents it usefully has in memory at once to begin with them; open jobs are more."""

    async def begin(self, request: ClassifyRequest, context: DocumentContext, *, timeout: float) -> BegunJob:
        """Makes the job of a document, or finds the one that was made for equal work before.

        Args:
            request: the document; nothing of it is kept after this.
            context: the call it belongs to.
            timeout: seconds until the job's end, from now; waiting for a limit of the plan does not count.

        Raises:
            ClassifyError: as `classify`.
        """

    async def states(self, references: Sequence[JobReference], *, timeout: float) -> list[JobState]:
        """Looks once at jobs begun earlier, maybe by another process, and says how each of them stands, in order.

        Raises:
            ClassifyError: the service could not be asked.
        """


@runtime_checkable
class FirstLookBackend(JobBackend, Protocol):
    """A backend that has answers without a job for some documents, for which no credits need be there then."""

    async def first_look(self, request: ClassifyRequest, *, timeout: float) -> Answer | ClassifyRequest:
        """The answer of a document that needs no job, else what to begin its job with."""


def error_of_backend(backend: Backend, error: BaseException) -> ClassifyError:
    """Our own error for whatever a backend raised that is none of ours; to be raised `from None`.

    Neither the foreign error's text nor its chain is passed on: they may quote the document, and tracers keep both.
    """
    kind = type(error).__name__
    return ClassifyError(f"the backend {backend.name!r} raised {kind} at {place_of(error)}; mend the backend")


def unexpected(error: BaseException) -> ClassifyError:
    """Our own error for what should not happen."""
    return ClassifyError(f"{type(error).__name__} at {place_of(error)}; please report it")


def place_of(error: BaseException) -> str:
    """Where an error was raised: file and line, which quote nothing."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{PurePath(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
