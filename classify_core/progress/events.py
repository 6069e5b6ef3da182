"""What happens to the documents of a call, as it happens."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from classify_core.errors import InvalidOptionError


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

    def as_data(self) -> dict[str, str | int | float | None]:
        """Its attributes by name, as plain JSON data."""
        return {
            "stage": self.stage.value,
            "index": self.index,
            "source_name": self.source_name,
            "job_id": self.job_id,
            "seconds": self.seconds,
        }


ProgressCallback: TypeAlias = Callable[[ProgressEvent], object]
"""Called in the thread, or on the event loop, that made the call; what it raises ends the call."""


def checked_callback(callback: ProgressCallback | None) -> ProgressCallback | None:
    """The callback as it is.

    Raises:
        InvalidOptionError: it cannot be called, or is an `async def`, which nobody would await.
    """
    if callback is None:
        return None
    if not callable(callback):
        raise InvalidOptionError(f"on_progress= is a {type(callback).__name__}; give a function of one event")
    if inspect.iscoroutinefunction(callback) or inspect.iscoroutinefunction(type(callback).__call__):
        raise InvalidOptionError(
            "on_progress= is an async function, which is not awaited; give a plain one, which may put events in a queue"
        )
    return callback
