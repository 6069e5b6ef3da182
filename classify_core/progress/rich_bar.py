"""Progress as a live bar of rich, in terminals; its modules are loaded only where one is shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from classify_core.progress.counts import Counts
from classify_core.progress.drawing import drawn
from classify_core.progress.events import ProgressCallback

SECONDS_BETWEEN_DRAWINGS: Final = 0.1
# Rich draws in a thread of its own, and each drawing takes milliseconds from the call.
_DRAWINGS_A_SECOND: Final = 4


@contextmanager
def rich_bar(
    total: int | None, *, console: Console | None = None, is_transient: bool = False
) -> Iterator[ProgressCallback]:
    """A bar, and below it the details.

    Args:
        total: how many documents there are; None where nobody knows.
        console: where it is drawn, by default on standard error; what else is printed there stands above it.
        is_transient: whether it disappears in the end.
    """
    counts = Counts(total)
    shown_on = Console(stderr=True) if console is None else console
    with _Bar(counts, shown_on, is_transient=is_transient) as bar:
        task = bar.add_task("Classifying", total=total)
        with drawn(
            counts, lambda: bar.update(task, completed=counts.finished), every=SECONDS_BETWEEN_DRAWINGS
        ) as callback:
            yield callback


class _Bar(Progress):
    def __init__(self, counts: Counts, console: Console, *, is_transient: bool) -> None:
        self._counts = counts
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=is_transient,
            refresh_per_second=_DRAWINGS_A_SECOND,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, and the details as they are at this moment: the seconds to wait run down while nothing is told."""
        yield from super().get_renderables()
        details = self._counts.details()
        if details:
            yield Text(details, style="dim", overflow="ellipsis", no_wrap=True)
