"""Several callbacks as one."""

from __future__ import annotations

from classify_core.progress.events import ProgressCallback, ProgressEvent


def combined(*callbacks: ProgressCallback | None) -> ProgressCallback | None:
    """A callback that calls those that are there, in order; None where none is, so that nothing is made to be told."""
    present = [callback for callback in callbacks if callback is not None]
    if len(present) <= 1:
        return present[0] if present else None

    def call_all(event: ProgressEvent) -> None:
        for callback in present:
            callback(event)

    return call_all
