"""Progress as a bar of tqdm: in notebooks, and in terminals without rich."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from classify_core.progress.counts import Counts
from classify_core.progress.drawing import drawn
from classify_core.progress.events import ProgressCallback

SECONDS_BETWEEN_DRAWINGS: Final = 0.1


@contextmanager
def tqdm_bar(total: int | None) -> Iterator[ProgressCallback]:
    """A bar in the notebook's page where ipywidgets is installed, else in text on standard error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without ipywidgets tqdm warns, and falls back on text as it should
        from tqdm.auto import tqdm  # noqa: PLC0415 - an extra

    counts = Counts(total)
    with tqdm(total=total, desc="Classifying", unit=" documents") as bar:

        def draw() -> None:
            # Not `update`, which leaves out drawings where only the details have changed.
            bar.n = counts.finished
            bar.set_postfix_str(counts.details())

        with drawn(counts, draw, every=SECONDS_BETWEEN_DRAWINGS) as callback:
            yield callback
