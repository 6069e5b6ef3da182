"""The calls of a `Classifier` that come back with classifications."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from classify_core.background import background
from classify_core.classification import Classification
from classify_core.driving import Sources, adrive, drive
from classify_core.progress import ProgressCallback
from classify_core.progress.listening import listening
from classify_core.run import Run
from classify_core.second_look import alook_again, look_again
from classify_core.source import SourceLike

if TYPE_CHECKING:
    from classify_core.session import OnError, Session


class ClassifyingMethods:
    """One document, many, or a stream of them; each synchronously and asynchronously.

    All of them take these:

    - `on_error`: for this call, instead of the classifier's own.
    - `refresh`: for this call, instead of the classifier's own: answers in the cache are made anew.
    - `on_progress`: is told of each step of each document, in the calling thread or on the calling loop.
    - `deadline`: seconds for the whole call, rules to load excepted; what is not done by then is given up.
    """

    _session: Session

    def prepare(self) -> None:
        """Loads a saved configuration, once; does nothing where the rules are here.

        Raises:
            NotFoundError: there is no such configuration in the project.
            ClassifyError: it could not be loaded, or not within `timeout`.
        """
        if not self._session.is_prepared:
            background.run(self._session.prepare())

    async def aprepare(self) -> None:
        """The same, awaited."""
        if not self._session.is_prepared:
            await background.arun(self._session.prepare())

    def classify(
        self,
        source: SourceLike,
        *,
        on_error: OnError | None = None,
        refresh: bool | None = None,
        deadline: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Classification:
        """Classifies one document.

        Raises:
            ClassifyError: it could not be classified, unless `on_error` is `"record"`.
        """
        raises = self._session.raises(on_error)
        with self._session.new_run(
            number_the_nameless=False, refresh=refresh, deadline=deadline, on_progress=on_progress
        ) as run:
            [(_, outcome)] = drive(run, [source])
        return _raised(outcome, raises=raises)

    async def aclassify(
        self,
        source: SourceLike,
        *,
        on_error: OnError | None = None,
        refresh: bool | None = None,
        deadline: float | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Classification:
        """The same, awaited; cancelling it cancels the work."""
        raises = self._session.raises(on_error)
        with self._session.new_run(
            number_the_nameless=False, refresh=refresh, deadline=deadline, on_progress=on_progress
        ) as run:
            [(_, outcome)] = [finished async for finished in adrive(run, [source])]
        return _raised(outcome, raises=raises)

    def classify_many(
        self,
        sources: Iterable[SourceLike],
        *,
        show_progress: bool = False,
        on_error: OnError | None = None,
        max_concurrency: int | None = None,
        deadline: float | None = None,
        refresh: bool | None = None,
        adapt: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> list[Classification]:
        """Classifies documents, each distinct one once, and returns the outcomes in the order given.

        Where the backend is local, a few dozen documents and more teach each other what their types look like here.

        Args:
            sources: texts, paths, bytes or `Source`s.
            show_progress: a bar on standard error.
            on_error: for this call, instead of the classifier's own.
            max_concurrency: of this call's documents no more are open at once; it narrows the classifier's own bound.
            deadline: seconds for the whole call, rules to load excepted; what is not done by then is given up.
            refresh: for this call, instead of the classifier's own.
            adapt: for this call, instead of the classifier's own: whether its documents may teach each other.
            on_progress: is told of each step of each document, in the calling thread.

        Raises:
            BatchError: at least one has no classification, unless `on_error` is `"record"`; `.outcomes` holds all.
        """
        raises, outcomes = self._session.raises(on_error), dict[int, Classification]()
        background.run(self._session.prepare_together(raises=raises))
        with listening(sources, show=show_progress, also=on_progress) as listener:
            run = self._session.new_run(
                keep_failures=raises,
                max_concurrency=max_concurrency,
                deadline=deadline,
                refresh=refresh,
                adapt=adapt,
                on_progress=listener,
            )
            with run:
                outcomes.update(drive(run, sources))
        if run.state.batch is not None:
            look_again(self._session, run.state, outcomes)
            outcomes = background.run(self._session.revised(run.state, outcomes))
        return _collected(run, outcomes)

    async def aclassify_many(
        self,
        sources: Sources,
        *,
        show_progress: bool = False,
        on_error: OnError | None = None,
        max_concurrency: int | None = None,
        deadline: float | None = None,
        refresh: bool | None = None,
        adapt: bool | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> list[Classification]:
        """The same, awaited; cancelling it cancels the work."""
        raises, outcomes = self._session.raises(on_error), dict[int, Classification]()
        await background.arun(self._session.prepare_together(raises=raises))
        with listening(sources, show=show_progress, also=on_progress) as listener:
            run = self._session.new_run(
                keep_failures=raises,
                max_concurrency=max_concurrency,
                deadline=deadline,
                refresh=refresh,
                adapt=adapt,
                on_progress=listener,
            )
            with run:
                async for index, outcome in adrive(run, sources):
                    outcomes[index] = outcome
        if run.state.batch is not None:
            await alook_again(self._session, run.state, outcomes)
            outcomes = await background.arun(self._session.revised(run.state, outcomes))
        return _collected(run, outcomes)

    def classify_as_completed(
        self,
        sources: Iterable[SourceLike],
        *,
        on_error: OnError | None = None,
        deadline: float | None = None,
        refresh: bool | None = None,
        max_concurrency: int | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> Generator[tuple[int, Classification], None, None]:
        """Yields `(index, classification)` as each document is done; `sources` is consumed lazily, in this thread.

        Who closes it, or stops iterating, gives up the rest.

        Args:
            sources: texts, paths, bytes or `Source`s.
            on_error: this and the following are as for `classify_many`.
            deadline: seconds for the whole call.
            refresh: for this call, instead of the classifier's own.
            max_concurrency: documents of this call that are open at once.
            on_progress: is told of each step of each document.

        Raises:
            BatchError: at the end, where documents failed, unless `on_error` is `"record"`; since everything was
                yielded already, `.outcomes` holds only the failures.
        """
        raises = self._session.raises(on_error)
        if raises:
            self.prepare()
        with self._session.new_run(
            keep_failures=raises,
            deadline=deadline,
            refresh=refresh,
            max_concurrency=max_concurrency,
            on_progress=on_progress,
        ) as run:
            yield from drive(run, sources)
            run.raise_failures()

    async def aclassify_as_completed(
        self,
        sources: Sources,
        *,
        on_error: OnError | None = None,
        deadline: float | None = None,
        refresh: bool | None = None,
        max_concurrency: int | None = None,
        on_progress: ProgressCallback | None = None,
    ) -> AsyncGenerator[tuple[int, Classification], None]:
        """The same, for `async for`; `sources` is consumed on the caller's loop."""
        raises = self._session.raises(on_error)
        if raises:
            await self.aprepare()
        with self._session.new_run(
            keep_failures=raises,
            deadline=deadline,
            refresh=refresh,
            max_concurrency=max_concurrency,
            on_progress=on_progress,
        ) as run:
            async with aclosing(adrive(run, sources)) as driven:  # who breaks off leaves no task behind
                async for finished in driven:
                    yield finished
            run.raise_failures()


def _collected(run: Run[Classification], outcomes: Mapping[int, Classification]) -> list[Classification]:
    ordered = [outcomes[index] for index in sorted(outcomes)]
    run.raise_failures(ordered)
    return ordered


def _raised(outcome: Classification, *, raises: bool) -> Classification:
    if outcome.error is not None and raises:
        raise outcome.error
    return outcome
