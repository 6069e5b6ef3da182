"""What happens to the documents of a call, as it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Stage(StrEnum):
    """What has just happened to a document.

    Attributes:
        UPLOADED: the hosted service has its content.
        CREATED: its job was made, or one of a former run was found.
        RUNNING: its job was seen at work.
        DONE: it was classified; the last of its events.
        FAILED: it was not, and its outcome says why; the last of its events.
        CACHED: its answer was known already; the last of its events.
        WAITING: a limit of the plan holds it back; `seconds` says for how long yet.
    """

    UPLOADED = "uploaded"
    CREATED = "created"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CACHED = "cached"
    WAITING = "waiting"

    @property
    def is_last(self) -> bool:
        """Whether nothing more will be told of the document."""
        return self in {Stage.DONE, Stage.FAILED, Stage.CACHED}


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """One thing that happened to one document. It holds names and IDs, never a text or a key.

    Attributes:
        stage: what happened.
        index: the document's place in the call, from 0.
        source_name: its name, where it has one.
        job_id: its job at the hosted service, where there is one.
        seconds: of WAITING: how long yet.
    """

    stage: Stage
    index: int
    source_name: str | None = None
    job_id: str | None = None
    seconds: float | None = None


ProgressCallback: TypeAlias = Callable[[ProgressEvent], object]
"""Called in the thread, or on the event loop, that made the call; what it raises ends the call."""
