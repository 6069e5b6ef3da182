"""The context of a document that belongs to no call."""

from __future__ import annotations

from dataclasses import dataclass, field

from classify_core.backend import RunContext
from classify_core.cache.protocol import Journal
from classify_core.progress.events import Stage


@dataclass(eq=False)
class AloneRun:
    """A call of one document, without a journal or a deadline of its own."""

    expected: int | None = 1
    fetched: int = 1
    begun: int = 0
    open_limit: int | None = None
    deadline: float | None = None
    journal: Journal | None = None
    is_submission: bool = False


@dataclass(eq=False)
class AloneDocument:
    """Its document, whose progress nobody follows."""

    run: RunContext = field(default_factory=AloneRun)

    def report(self, stage: Stage, *, job_id: str | None = None, seconds: float | None = None) -> None:
        """Tells nobody."""
