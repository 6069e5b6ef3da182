"""A classifier's documents as each is done, with no more of them open at once than a LangChain config allows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from classify_core.driving import adrive, drive

if TYPE_CHECKING:
    from classify_core.classification import Classification
    from classify_core.classifier import Classifier
    from classify_core.progress import ProgressCallback
    from classify_core.source import Source


def completed(
    classifier: Classifier, sources: Sequence[Source], max_concurrency: int | None, on_progress: ProgressCallback | None
) -> Generator[tuple[int, Classification], None, None]:
    """Yields `(index, classification)` as each document is done, failures recorded; closing it cancels the rest."""
    session = classifier._session  # noqa: SLF001 - `classify_as_completed` takes no bound
    with session.new_run(max_concurrency=max_concurrency, on_progress=on_progress) as run:
        yield from drive(run, sources)


async def acompleted(
    classifier: Classifier, sources: Sequence[Source], max_concurrency: int | None, on_progress: ProgressCallback | None
) -> AsyncGenerator[tuple[int, Classification], None]:
    """The same, for `async for`."""
    session = classifier._session  # noqa: SLF001 - `aclassify_as_completed` takes no bound
    with session.new_run(max_concurrency=max_concurrency, on_progress=on_progress) as run:
        async with aclosing(adrive(run, sources)) as driven:
            async for finished in driven:
                yield finished
