"""The calls of a `Classifier` that teach it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classify_core.backend import Lessons
from classify_core.background import background
from classify_core.calibration import CalibrationReport, MethodLike
from classify_core.driving import Sources
from classify_core.errors import InvalidOptionError
from classify_core.learning import study
from classify_core.learning.examples import Labelled, labelled_of
from classify_core.learning.file import read_learned, write_learned
from classify_core.source import SourceLike, sources_of

if TYPE_CHECKING:
    from classify_core.session import OnError, Session


class LearningMethods:
    """Teach by documents, by examples and by corrections; keep what was learned; and find out how sure to be.

    What was learned is used by every later call of the classifier. A label that was given already, and is in its
    cache, stays as it is, but for documents that were corrected; `refresh=True` makes it anew.
    """

    _session: Session

    def adapt(self, sources: Iterable[SourceLike], *, on_error: OnError | None = None) -> Lessons:
        """Lets documents teach each other what their types look like here, for all that are classified later.

        Args:
            sources: texts, paths, bytes or `Source`s, from a few dozen on.
            on_error: `"record"`: documents that cannot be read are left out.

        Raises:
            BatchError: documents cannot be read; nothing was learned.
            InvalidOptionError: the backend learns nothing.
            MissingExtraError: scikit-learn is missing.
        """
        return background.run(self._adapted(list(sources_of(sources)), on_error))

    async def aadapt(self, sources: Sources, *, on_error: OnError | None = None) -> Lessons:
        """The same, awaited."""
        return await background.arun(self._adapted(await _listed(sources), on_error))

    def learn(self, labelled: Iterable[Labelled]) -> Lessons:
        """Learns types that somebody said, as examples or to correct answers: these documents and those like them.

        Args:
            labelled: pairs of a document and its type, or None where it is of no type. The last word on a document
                counts.

        Raises:
            InvalidOptionError: a type is in no rule, or the backend learns nothing.
            BatchError: documents cannot be read; nothing was learned.
            MissingExtraError: scikit-learn is missing.
        """
        return background.run(study.learn(self._session, labelled_of(labelled)))

    async def alearn(self, labelled: Iterable[Labelled]) -> Lessons:
        """The same, awaited."""
        return await background.arun(study.learn(self._session, labelled_of(labelled)))

    def calibrate(
        self, labelled: Iterable[Labelled], *, method: MethodLike = "auto", adapt: bool | None = None
    ) -> CalibrationReport:
        """Learns from labelled documents how often answers of a confidence are right, and says so from now on.

        Works with any backend; what is known is not classified, nor paid for, again. Later answers have the calibrated
        value as `confidence`, to which `min_confidence` applies, and the backend's own as `raw_confidence`.

        Args:
            labelled: pairs of a document and its type, 50 at least; not those that the classifier learned from.
            method: `"temperature"`, `"isotonic"`, or `"auto"`: what does better on documents it was not fitted to.
            adapt: as for `classify_many`; calibrate as you classify.

        Raises:
            TooFewLabelsError: the documents are too few, or all right or all wrong.
            BatchError: documents have no classification.
        """
        return background.run(study.calibrate(self._session, labelled_of(labelled), method=method, adapts=adapt))

    async def acalibrate(
        self, labelled: Iterable[Labelled], *, method: MethodLike = "auto", adapt: bool | None = None
    ) -> CalibrationReport:
        """The same, awaited."""
        pairs = labelled_of(labelled)
        return await background.arun(study.calibrate(self._session, pairs, method=method, adapts=adapt))

    def save(self, path: str | Path) -> None:
        """Writes what was learned, calibration included, to a file.

        The file holds words of the documents with their numbers, but no text. It is compressed JSON.

        Raises:
            InvalidOptionError: nothing was learned, or the file cannot be written.
        """
        learned = self._session.learned()
        if not learned:
            raise InvalidOptionError("nothing was learned yet; adapt(), learn() or calibrate() first")
        write_learned(Path(path), learned)

    def load(self, path: str | Path) -> None:
        """Takes up what was saved, in place of what was learned here.

        Raises:
            InvalidOptionError: there is no such file, or it was learned for other types or by another backend.
        """
        background.run(self._session.prepare())
        where = Path(path)
        learned = read_learned(where)
        try:
            self._session.restore(learned)
        except InvalidOptionError as error:
            raise InvalidOptionError(f"{where}: {error.message}") from None

    async def _adapted(self, sources: list[Any], on_error: OnError | None) -> Lessons:
        skips = not self._session.raises(on_error)
        return await study.adapt(self._session, sources, skip_failures=skips)


async def _listed(sources: Sources) -> list[SourceLike]:
    if isinstance(sources, Iterable):
        return list(sources_of(sources))
    return [source async for source in sources]
