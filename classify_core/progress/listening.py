"""Who is told of a call's progress: the caller's own callback, the display of `show_progress=True`, or both."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from contextlib import contextmanager

from classify_core.progress.combining import combined
from classify_core.progress.display import shown_progress
from classify_core.progress.events import ProgressCallback, checked_callback


@contextmanager
def listening(sources: object, *, show: bool, also: ProgressCallback | None) -> Iterator[ProgressCallback | None]:
    """What a call tells its progress to; None where nobody listens.

    Args:
        sources: the call's documents, counted where they can be.
        show: whether a display on standard error is wanted.
        also: the caller's own callback.

    Raises:
        InvalidOptionError: the callback cannot work.
        MissingExtraError: a display is wanted and nothing that draws one is installed.
    """
    if not show:
        yield also
        return
    own = checked_callback(also)  # combined, it could not be told from a plain one
    with shown_progress(len(sources) if isinstance(sources, Sized) else None) as display:
        yield combined(display, own)
