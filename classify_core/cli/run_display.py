"""What a person sees of a run while it goes on: a line a document, and a progress bar on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from classify_core.cli.output import printable
from classify_core.cli.run_records import ResultRecord

if TYPE_CHECKING:
    from rich.console import Console

LONGEST_LABEL: Final = 30

_STYLES: Final = {"label": "bold", "failure": "bold red", "path": "", "detail": "dim"}


class Screen:
    """Where a person's lines go: above the progress bar where there is one."""

    def __init__(self, console: Console, types: Sequence[str]) -> None:
        self._console = console
        self._width = min(LONGEST_LABEL, max([len("uncategorized"), *map(len, types)]))

    def show(self, record: ResultRecord) -> None:
        """Writes a result as a line: type, confidence, path, and the error where it failed."""
        from rich.text import Text  # noqa: PLC0415 - slow to load, and not needed where results are piped

        is_failure = not record.status.is_success
        label = record.status.value if is_failure or record.type is None else record.type
        if record.type is None and record.status.value == "completed":
            label = "(no type)"
        confidence = "    " if record.confidence is None else f"{record.confidence:.2f}"
        line = Text()
        line.append(f"{printable(label):<{self._width}}", _STYLES["failure" if is_failure else "label"])
        line.append(f"  {confidence}  ", _STYLES["detail"])
        line.append(printable(record.path), _STYLES["path"])
        if record.error is not None:
            line.append(f": {printable(record.error)}", _STYLES["detail"])
        self._console.print(line, soft_wrap=True)


class Progress:
    """Counts the documents that are done, where anybody watches."""

    def __init__(self, advance: Callable[[], None], console: Console | None) -> None:
        self.advance = advance
        self.console = console


@contextmanager
def progress(found: Iterable[object], *, shown: bool) -> Iterator[Progress]:
    """A bar on standard error, where that is a terminal.

    Args:
        found: the documents, to be counted beforehand; not looked at without a bar.
        shown: whether a bar may be shown.
    """
    if not (shown and sys.stderr.isatty()):
        yield Progress(lambda: None, None)
        return
    from rich import progress as bars  # noqa: PLC0415 - slow to load, and not needed where nobody watches
    from rich.console import Console  # noqa: PLC0415 - the same

    columns = (
        bars.TextColumn("classifying"),
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TimeElapsedColumn(),
        bars.TextColumn("left"),
        bars.TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with bars.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=sum(1 for _ in found))
        yield Progress(lambda: bar.advance(task), console)


def screen(types: Sequence[str], progress: Progress) -> Screen:
    """Where the lines go that a person reads."""
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed where results are piped

    # With a bar and lines on one terminal, only the bar's own console keeps them apart.
    is_shared = progress.console is not None and sys.stdout.isatty()
    own = progress.console if is_shared else None
    return Screen(Console(file=sys.stdout) if own is None else own, types)
