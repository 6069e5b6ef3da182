"""The display of `show_progress=True`: the best one that the place and the installed packages allow."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from typing import Final

from classify_core.errors import MissingExtraError
from classify_core.progress.events import ProgressCallback
from classify_core.progress.lines import lines
from classify_core.progress.tqdm_bar import tqdm_bar

_NOTEBOOK_MODULES: Final = ("ipykernel.zmqshell", "IPython.utils._process_emscripten")
_DUMB_TERMINALS: Final = {"dumb", "unknown"}
# Held by the one live display that a terminal can have.
_terminal = threading.Lock()


def shown_progress(total: int | None) -> AbstractContextManager[ProgressCallback]:
    """A callback whose events are shown while the context is open, on standard error or in the notebook's page.

    In a terminal that is a bar of rich, or of tqdm where rich is not installed; in a notebook one of tqdm. Where
    standard error is no terminal, or another live display has it, it is a plain line every half minute and one at the
    end.

    Args:
        total: how many documents there are; None where nobody knows.

    Raises:
        MissingExtraError: neither rich nor tqdm is installed.
    """
    has_rich, has_tqdm = _is_installed("rich"), _is_installed("tqdm")
    if not (has_rich or has_tqdm):
        # Also where lines would do, so that a program does not fail only once it runs in a terminal.
        raise MissingExtraError(
            'show_progress=True needs rich or tqdm; install tqdm with: pip install "classify-adapters[local]"'
        )
    if has_tqdm and _is_notebook():
        return tqdm_bar(total)
    if not _is_free_terminal():
        return lines(total)
    return _rich_bar_or_lines(total) if has_rich else tqdm_bar(total)


@contextmanager
def _rich_bar_or_lines(total: int | None) -> Iterator[ProgressCallback]:
    if not _terminal.acquire(blocking=False):
        with lines(total) as callback:
            yield callback
        return
    try:
        from classify_core.progress.rich_bar import rich_bar  # noqa: PLC0415 - loads rich, an extra

        with rich_bar(total) as callback:
            yield callback
    finally:
        _terminal.release()


def _is_installed(package: str) -> bool:
    return find_spec(package) is not None


def _is_notebook() -> bool:
    """Whether this is the kernel of a notebook; asked of what is loaded, so that nothing is loaded to ask."""
    return any(module in sys.modules for module in _NOTEBOOK_MODULES)


def _is_free_terminal() -> bool:
    stream = sys.stderr
    is_writable = stream is not None and not stream.closed
    if not is_writable or not stream.isatty() or os.environ.get("TERM", "").lower() in _DUMB_TERMINALS:
        return False
    # What a live display of rich, maybe the program's own, has put in the place of standard error.
    return not hasattr(stream, "rich_proxied_file")
