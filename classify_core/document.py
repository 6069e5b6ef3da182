"""One document of a call, on its way from a source to an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from classify_core.progress.events import ProgressEvent, Stage

if TYPE_CHECKING:
    from classify_core.backend import ClassifyRequest
    from classify_core.run_state import RunState
    from classify_core.source import Source


class Released:
    """Tells a run that a document's bytes are let go, so that another one may be fetched."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


Tell: TypeAlias = Callable[[Released | ProgressEvent], None]


class Document:
    """What is known of one document while it is worked on.

    Attributes:
        index: its place in the call, from 0.
        run: the call.
        source: where it comes from; None once it was released.
        name: its name, also after that.
        digest: of its content, once that was read; None where only the service has it.
        content_key: equal for equal documents, once it was read.
        is_begun: whether it has a job or will never need one.
        made_job: whether a job was made for it in this call.
        price: the credits of its pages, where they were counted.
    """

    __slots__ = ("_tell", "content_key", "digest", "index", "is_begun", "made_job", "name", "price", "run", "source")

    def __init__(self, index: int, source: Source, run: RunState, tell: Tell) -> None:
        self.index = index
        self.run = run
        self.source: Source | None = source
        self.name = source.name
        self.digest: str | None = None
        self.content_key: str | None = None
        self.is_begun = False
        self.made_job = False
        self.price: float | None = None
        self._tell = tell

    def was_read(self, request: ClassifyRequest) -> None:
        """Keeps what an outcome says of the content."""
        self.digest = None if request.content is None else request.content.digest
        self.content_key = request.content_key
        if self.run.batch is not None:
            self.run.content_keys[self.index] = self.content_key

    def was_begun(self) -> None:
        """Counts it among the documents that no new job is to be expected of."""
        if not self.is_begun:
            self.is_begun = True
            self.run.begun += 1

    def has_job(self, price: float | None) -> None:
        """Keeps that a job was made, which costs something."""
        self.made_job = True
        self.price = price

    def release(self) -> None:
        """Lets the content go: open jobs are many, and what they hold would stay in memory."""
        if self.source is not None:
            self.source = None
            self._tell(Released(self.index))

    def report(self, stage: Stage, *, job_id: str | None = None, seconds: float | None = None) -> None:
        """Tells the caller what has just happened to the document, where somebody listens."""
        if self.run.is_listened_to:
            self._tell(ProgressEvent(stage, self.index, self.name, job_id, seconds))
