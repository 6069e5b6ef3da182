"""The progress bar of `show_progress=True`."""

from __future__ import annotations

from collections.abc import Sized
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

from classify_core.errors import MissingExtraError


class Progress(Protocol):
    """Counts finished documents."""

    def update(self, n: int = 1) -> object:
        """Counts `n` more."""


class _Silent:
    def update(self, n: int = 1) -> None:
        del n


def progress(sources: object, *, show: bool) -> AbstractContextManager[Progress]:
    """A bar on standard error over the documents, or nothing.

    Raises:
        MissingExtraError: tqdm is not installed.
    """
    if not show:
        return nullcontext(_Silent())
    try:
        from tqdm import tqdm  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError(
            'show_progress=True needs tqdm; install it with: pip install "classify-adapters[local]"'
        ) from error
    total = len(sources) if isinstance(sources, Sized) else None
    bar: AbstractContextManager[Progress] = tqdm(total=total, desc="Classifying", unit="document")
    return bar
