"""Documents through the embedded engine, and what several sections look at made only once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

from benchmarks.accuracy.documents import Corpus
from classify_core import Backend, Classifier, LocalBackend
from classify_core.evaluation import Evaluation, Labelled, Outcome, evaluate


class Measurement:
    """A corpus with the answers to it.

    Args:
        corpus: what is measured on.
    """

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus

    @cached_property
    def alone(self) -> Evaluation:
        """Each document by itself."""
        with self.classifier() as classifier:
            return evaluate(classifier, self.corpus.labelled, one_by_one=True)

    @cached_property
    def together(self) -> Evaluation:
        """All documents in one call."""
        return self.batch(self.corpus.labelled)

    def batch(self, labelled: Sequence[Labelled], *, backend: Backend | None = None) -> Evaluation:
        """Documents in one call of a classifier of its own, which knows of no other one."""
        with self.classifier(backend) as classifier:
            return evaluate(classifier, labelled)

    def alone_of(self, labelled: Sequence[Labelled]) -> Evaluation:
        """The same documents, each by itself."""
        return self.evaluation(self._alone_by_name[each.name] for each in labelled)

    def evaluation(self, outcomes: Iterable[Outcome]) -> Evaluation:
        """The figures of some outcomes."""
        return Evaluation(tuple(outcomes), tuple(self.corpus.types), rules_id="")

    def classifier(self, backend: Backend | None = None, *, cache: bool = False) -> Classifier:
        """A new one that has learned nothing; by default the embedded engine with all that it knows."""
        return Classifier(self.corpus.rules, backend=backend or LocalBackend(), cache=cache)

    @cached_property
    def _alone_by_name(self) -> dict[str, Outcome]:
        return {outcome.name: outcome for outcome in self.alone.outcomes}
