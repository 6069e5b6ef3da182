"""What a person sees of a run while it goes on: a line a document, and a progress bar on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from classify_core.cli.output import printable
from classify_core.cli.run_records import ResultRecord
from classify_core.progress import ProgressCallback, ProgressEvent, Stage

if TYPE_CHECKING:
    from rich.console import Console

LONGEST_LABEL: Final = 30

# Of a document that is in no call of the classifier.
_NO_PLACE: Final = -1

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
    """Tells of the documents, where anybody watches.

    Attributes:
        callback: for the classifier's events; None where nobody watches.
        console: where the bar is; None where there is none.
    """

    def __init__(self, callback: ProgressCallback | None, console: Console | None) -> None:
        self.callback = callback
        self.console = console

    def tell(self, stage: Stage) -> None:
        """Tells of a document that the classifier was not given."""
        if self.callback is not None:
            self.callback(ProgressEvent(stage, _NO_PLACE))


@contextmanager
def progress(found: Iterable[object], *, shown: bool) -> Iterator[Progress]:
    """A bar on standard error, where that is a terminal.

    Args:
        found: the documents, to be counted beforehand; not looked at without a bar.
        shown: whether a bar may be shown.
    """
    if not (shown and sys.stderr.isatty()):
        yield Progress(None, None)
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed where nobody watches

    from classify_core.progress.rich_bar import rich_bar  # noqa: PLC0415 - the same

    console = Console(stderr=True)
    with rich_bar(sum(1 for _ in found), console=console, is_transient=True) as callback:
        yield Progress(callback, console)


def screen(types: Sequence[str], progress: Progress) -> Screen:
    """Where the lines go that a person reads."""
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed where results are piped

    # With a bar and lines on one terminal, only the bar's own console keeps them apart.
    is_shared = progress.console is not None and sys.stdout.isatty()
    own = progress.console if is_shared else None
    return Screen(Console(file=sys.stdout) if own is None else own, types)
