"""What was learned of documents for one set of types, applied to one document at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from classify_core.engine import RuleScore
from classify_core.local.adaptation.linear import LinearModel, shares_of, spread, train
from classify_core.local.adaptation.self_training import LEAST_PRIOR, Taught, joined, without_untaught_none
from classify_core.local.adaptation.traits import Traits
from classify_core.local.adaptation.weighting import Weighting, weighting_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_LESSONS: Final = 2_000
"""Of more documents than these a part is learned from, chosen by their content, whatever their order."""

# A document that is alike to an example by less than this (a cosine) is alike by chance; by how much more it is alike
# is so much for the example's type, as a logarithm of odds.
_CHANCE_LIKENESS = 0.25
_LIKENESS_INFLUENCE = 16.0
# Beside an example the engine is never surer than this that a type is not the right one.
_LEAST_PRIOR_OF_EXAMPLE = 1e-3


@dataclass(frozen=True, slots=True)
class Lesson:
    """A document that teaches.

    Attributes:
        key: equal for equal documents.
        traits: what is seen of it.
        type: the type it is of; None where it is of none.
        is_label: whether somebody said so; else the engine took it for one.
        weight: how much it teaches.
    """

    key: str
    traits: Traits
    type: str | None
    is_label: bool
    weight: float


@dataclass(frozen=True)
class Learned:
    """What was learned; picklable, and never changed.

    Attributes:
        types: the types of the rules it was learned for, in order.
        lessons: the documents that taught, by their keys.
        influence: for each type, and for none, how much the model counts beside the engine.
        agreement: the share of documents that the engine is sure of on which the model agrees; None without a model.
    """

    types: tuple[str, ...]
    lessons: tuple[Lesson, ...] = field(repr=False)
    influence: tuple[float, ...] = field(repr=False)
    agreement: float | None = None

    @cached_property
    def weighting(self) -> Weighting:
        """How the terms of a document are weighted."""
        return weighting_of([lesson.traits for lesson in self.lessons])

    @cached_property
    def model(self) -> LinearModel | None:
        """The model, taught again from the lessons; None where they are of one class only, or are not trusted."""
        import numpy as np  # noqa: PLC0415 - only where something is learned

        classes = np.array([self.class_of(lesson.type) for lesson in self.lessons], dtype=np.int64)
        if not any(self.influence) or len(set(classes.tolist())) < 2:  # noqa: PLR2004 - nothing to tell apart
            return None
        rows = self.weighting.rows(lesson.traits for lesson in self.lessons)
        return train(rows, classes, np.array([lesson.weight for lesson in self.lessons]))

    @cached_property
    def labels(self) -> Mapping[str, str | None]:
        """The types that were given, by the keys of documents."""
        return {lesson.key: lesson.type for lesson in self.lessons if lesson.is_label}

    @cached_property
    def _examples(self) -> tuple[Any, tuple[int, ...]]:
        """The rows of the documents whose types were given, terms alone, and their classes."""
        given = [lesson for lesson in self.lessons if lesson.is_label]
        return self._terms_of(lesson.traits for lesson in given), tuple(self.class_of(each.type) for each in given)

    def _terms_of(self, documents: Iterable[Traits]) -> Any:
        return self.weighting.rows(documents)[:, : len(self.weighting.terms)]

    def class_of(self, type_name: str | None) -> int:
        """The number of a type: its place among the rules, and after them that no rule fits."""
        return len(self.types) if type_name is None else self.types.index(type_name)

    def revised(self, scores: Sequence[RuleScore], traits: Traits) -> list[RuleScore]:
        """A document's scores with what was learned."""
        priors = priors_of([scores])
        probabilities = self.joined_with(priors, [traits])
        return with_probabilities(scores, probabilities[0])

    def joined_with(self, priors: NDArray[np.float64], documents: Sequence[Traits]) -> NDArray[np.float64]:
        """What the engine says of documents, with what was learned; one row a document, one column a class."""
        import numpy as np  # noqa: PLC0415 - only where something is learned

        if self.model is not None:
            judged = spread(self.model, self.weighting.rows(documents), priors.shape[1])
            judged = without_untaught_none(judged, is_taught=len(self.types) in self.model.classes)
            priors = joined(priors, judged, np.array(self.influence))
        return self.with_examples(priors, documents)

    def with_examples(self, priors: NDArray[np.float64], documents: Sequence[Traits]) -> NDArray[np.float64]:
        """What is said of documents, with the types that were given to those that they are most alike to."""
        import numpy as np  # noqa: PLC0415 - only where something is learned

        rows, classes = self._examples
        if not classes:
            return priors
        likeness = np.asarray((self._terms_of(documents) @ rows.T).todense())
        scores = np.log(np.maximum(priors, LEAST_PRIOR))
        for each in set(classes):
            nearest = likeness[:, np.array(classes) == each].max(axis=1)
            support = _LIKENESS_INFLUENCE * np.maximum(0.0, nearest - _CHANCE_LIKENESS)
            floor = math.log(_LEAST_PRIOR_OF_EXAMPLE)
            scores[:, each] = np.where(support > 0.0, np.maximum(scores[:, each], floor) + support, scores[:, each])
        return shares_of(scores)

    def with_lessons(self, lessons: Iterable[Lesson]) -> Learned:
        """The same with more lessons; the last word on a document counts, but what somebody said before a guess.

        All that somebody said is kept, and of guesses as many as may be learned from at once.
        """
        by_key = {lesson.key: lesson for lesson in self.lessons}
        for lesson in lessons:
            former = by_key.get(lesson.key)
            if lesson.is_label or former is None or not former.is_label:
                by_key[lesson.key] = lesson
        guesses = sorted(key for key, lesson in by_key.items() if not lesson.is_label)
        for key in guesses[MOST_LESSONS:]:
            del by_key[key]
        return replace(self, lessons=tuple(by_key[key] for key in sorted(by_key)))


def nothing_learned(types: Sequence[str]) -> Learned:
    """Where learning begins."""
    return Learned(tuple(types), (), (0.0,) * (len(types) + 1))


def with_teaching(learned: Learned, keys: Sequence[str], documents: Sequence[Traits], taught: Taught) -> Learned:
    """What was learned with what documents taught each other.

    Args:
        learned: what was learned before.
        keys: the documents' keys.
        documents: what is seen of them.
        taught: what came of their teaching each other; former lessons may stand behind them.
    """
    if taught.teaching is None or taught.trust is None:
        return learned
    teaching, types = taught.teaching, (*learned.types, None)
    lessons = [
        Lesson(keys[at], documents[at], types[teaching.classes[at]], is_label=False, weight=float(teaching.weights[at]))
        for at in teaching.teachers.tolist()
        if at < len(keys)
    ]
    more = learned.with_lessons(lessons)
    influence = tuple(float(each) for each in taught.trust.influence)
    return replace(more, influence=influence, agreement=taught.trust.agreement[0])


def priors_of(scored: Sequence[Sequence[RuleScore]]) -> NDArray[np.float64]:
    """The engine's probabilities, a row for each document, a column for each rule and last that none fits."""
    import numpy as np  # noqa: PLC0415 - only where something is learned

    rules = np.array([[score.probability for score in scores] for scores in scored])
    none = np.maximum(LEAST_PRIOR, 1.0 - rules.sum(axis=1, keepdims=True))
    return np.hstack([rules, none])


def with_probabilities(scores: Sequence[RuleScore], probabilities: NDArray[np.float64]) -> list[RuleScore]:
    """The scores with other probabilities, that of no rule left out."""
    shares = [float(share) for share in probabilities[: len(scores)]]
    excess = max(1.0, sum(shares))  # sums are rounded
    return [replace(score, probability=share / excess) for score, share in zip(scores, shares, strict=True)]
