"""The calls of a `Classifier` that only begin with work, ask after it, or say what it would cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from classify_core.background import background
from classify_core.collecting import collected
from classify_core.driving import Sources, adrive, drive
from classify_core.handles import Collected, JobHandle
from classify_core.pricing import Estimate
from classify_core.progress import ProgressCallback
from classify_core.source import Source, SourceLike, sources_of

if TYPE_CHECKING:
    from classify_core.session import Session


class SubmittingMethods:
    """Submit now, collect later; and what it would cost. Each synchronously and asynchronously."""

    _session: Session

    def submit(
        self,
        sources: Iterable[SourceLike],
        *,
        deadline: float | None = None,
        refresh: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> list[JobHandle]:
        """Begins with documents and returns a handle for each, in the order given, without waiting for their jobs.

        Handles are plain data (`handle.model_dump_json()`); `collect` takes them in any process that has the same rules
        and a key of the same project. Whatever cannot be begun is a handle with its failure as `outcome`; what is known
        already, or is classified locally, has its classification there. Rates are kept; how many jobs the plan runs at
        once is left to the service, which lets the others wait.

        Args:
            sources: texts, paths, bytes or `Source`s.
            deadline: seconds for the whole call; what is not begun by then is given up.
            refresh: for this call, instead of the classifier's own.
            on_progress: is told of each step of each document, in the calling thread.
        """
        with self._session.new_submission(deadline=deadline, refresh=refresh, on_progress=on_progress) as run:
            handles = dict(drive(run, sources))
        return [handles[index] for index in sorted(handles)]

    async def asubmit(
        self,
        sources: Sources,
        *,
        deadline: float | None = None,
        refresh: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> list[JobHandle]:
        """The same, awaited."""
        with self._session.new_submission(deadline=deadline, refresh=refresh, on_progress=on_progress) as run:
            handles = {index: handle async for index, handle in adrive(run, sources)}
        return [handles[index] for index in sorted(handles)]

    def collect(self, handles: Sequence[JobHandle]) -> list[Collected]:
        """Looks once how submitted documents stand, up to a hundred a request, in the order given.

        What is done has a `classification`, be it a label or a failure; what is not has a `job_status`, and is to be
        collected again later.

        Raises:
            InvalidOptionError: a handle was made under other rules or by another backend.
            ClassifyError: the service could not be asked.
        """
        return background.run(collected(self._session, list(handles)))

    async def acollect(self, handles: Sequence[JobHandle]) -> list[Collected]:
        """The same, awaited."""
        return await background.arun(collected(self._session, list(handles)))

    def estimate(self, sources: Iterable[SourceLike]) -> Estimate:
        """Says how many pages would be read and what that would cost; nothing is sent to the service.

        Args:
            sources: texts, paths, bytes or `Source`s; a URL is downloaded.
        """
        return background.run(self._session.estimate(_all(sources)))

    async def aestimate(self, sources: Iterable[SourceLike]) -> Estimate:
        """The same, awaited."""
        return await background.arun(self._session.estimate(_all(sources)))


def _all(sources: Iterable[SourceLike]) -> list[Source]:
    # In the caller's thread, where an iterable belongs; each holds a path or a text that the caller has anyway.
    return [Source.of(source) for source in sources_of(sources)]
