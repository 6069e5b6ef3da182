"""The documents of one call, as far as they teach each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from classify_core.background import in_thread
from classify_core.local.adaptation.explaining import decide_again, given_answer
from classify_core.local.adaptation.learned import (
    MOST_LESSONS,
    Learned,
    Lesson,
    priors_of,
    with_probabilities,
    with_teaching,
)
from classify_core.local.adaptation.self_training import WEIGHT_OF_LABEL, Taught, self_train
from classify_core.local.adaptation.traits import Traits, TraitStore
from classify_core.local.adaptation.weighting import weighting_of
from classify_core.local.decision import with_unread

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from classify_core.classification import Answer
    from classify_core.engine import RuleScore

FEWEST_DOCUMENTS: Final = 24
"""Fewer documents than these teach each other nothing."""

_JUDGED_AT_ONCE: Final = 256


class LocalBatch:
    """What was seen of the documents of one call.

    It is told of each document by `saw`, in whatever order, and asked once all have been seen. What it says depends
    on which documents they are, not on their order.

    Args:
        learned: what was learned before this call.
        backend: the name of answers in which other documents had a part.
    """

    def __init__(self, learned: Learned, *, backend: str) -> None:
        self._before = self._learned = learned
        self._backend = backend
        self._keys: dict[str, int] = {}
        self._traits = TraitStore()
        self._scores: list[Sequence[RuleScore]] = []
        self._unread: dict[str, str] = {}

    def saw(self, key: str, traits: Traits, scores: Sequence[RuleScore], *, unread: str = "") -> None:
        """Takes note of a document; one that is known is the same again.

        Args:
            key: equal for equal documents.
            traits: what the model sees of it.
            scores: what the engine says of it.
            unread: which of its pages could not be read.
        """
        if key not in self._keys:
            self._keys[key] = len(self._keys)
            self._traits.add(traits)
            self._scores.append(scores)
            if unread:
                self._unread[key] = unread

    async def answers(self) -> Mapping[str, Answer]:
        """Answers by the documents' keys, each with a view to all others; none where they cannot teach each other."""
        return await in_thread(self._answers)

    async def learned(self, labels: Mapping[str, str | None], *, by_themselves: bool) -> Learned:
        """What was learned with these documents.

        Args:
            labels: the types of documents, by their keys, as far as somebody said them.
            by_themselves: whether documents without a label teach too.
        """
        return await in_thread(self._learned_with, labels, by_themselves)

    def _answers(self) -> dict[str, Answer]:
        if len(self._keys) < FEWEST_DOCUMENTS:
            return {}
        keys = self._learning_keys()
        taught = self._taught(keys, {})
        if taught.trust is None:
            return {}
        # What was given in this call has taught the model just now; what was given before may not be among these.
        probabilities = self._before.with_examples(taught.probabilities[: len(keys)], self._all_of(keys))
        known = dict(zip(keys, probabilities, strict=True))
        self._add_others(known, self._learned_from(keys, taught))
        return {key: self._answer(key, probabilities) for key, probabilities in known.items()}

    def _learned_with(self, labels: Mapping[str, str | None], by_themselves: bool) -> Learned:  # noqa: FBT001 - passed on
        self._learned = self._learned.with_lessons(
            Lesson(key, self._of(key), name, is_label=True, weight=WEIGHT_OF_LABEL)
            for key, name in labels.items()
            if key in self._keys
        )
        keys = self._learning_keys() if by_themselves else []
        taught = self._taught(keys, labels)
        return self._learned if taught.trust is None else self._learned_from(keys, taught)

    def _learning_keys(self) -> list[str]:
        """The documents that are learned from: all, or a part that does not depend on their order."""
        return sorted(self._keys)[:MOST_LESSONS]

    def _taught(self, keys: Sequence[str], labels: Mapping[str, str | None]) -> Taught:
        """What these documents and former lessons teach each other; documents first."""
        import numpy as np  # noqa: PLC0415 - only where something is learned

        seen, learning = self._keys, set(keys)
        former = [lesson for lesson in self._learned.lessons if lesson.key not in seen or lesson.is_label]
        former = [lesson for lesson in former if lesson.key not in learning]
        documents = [*self._all_of(keys), *(lesson.traits for lesson in former)]
        priors = np.vstack([self._priors(keys), *(self._priors_of_lesson(lesson) for lesson in former)])
        given = {**self._learned.labels, **labels}
        class_of = self._learned.class_of
        classes = [class_of(given[key]) if key in given else -1 for key in keys]
        classes += [class_of(lesson.type) for lesson in former]
        rows = weighting_of(documents).rows(documents)
        return self_train(rows, priors, np.array(classes, dtype=np.int64))

    def _priors(self, keys: Sequence[str]) -> NDArray[np.float64]:
        import numpy as np  # noqa: PLC0415 - only where something is learned

        if not keys:
            return np.zeros((0, len(self._learned.types) + 1))
        return priors_of([self._scores[self._keys[key]] for key in keys])

    def _priors_of_lesson(self, lesson: Lesson) -> NDArray[np.float64]:
        """What the engine says of a document that was learned from; nothing where it was not seen in this call."""
        import numpy as np  # noqa: PLC0415 - only where something is learned

        if lesson.key in self._keys:
            return self._priors([lesson.key])
        return np.zeros((1, len(self._learned.types) + 1))

    def _of(self, key: str) -> Traits:
        return self._traits[self._keys[key]]

    def _all_of(self, keys: Sequence[str]) -> list[Traits]:
        return [self._of(key) for key in keys]

    def _learned_from(self, keys: Sequence[str], taught: Taught) -> Learned:
        return with_teaching(self._learned, keys, self._all_of(keys), taught)

    def _add_others(self, known: dict[str, NDArray[np.float64]], learned: Learned) -> None:
        """Judges the documents that were not learned from by those that were."""
        others = sorted(self._keys.keys() - known.keys())
        for start in range(0, len(others), _JUDGED_AT_ONCE):
            keys = others[start : start + _JUDGED_AT_ONCE]
            known.update(zip(keys, learned.joined_with(self._priors(keys), self._all_of(keys)), strict=True))

    def _answer(self, key: str, probabilities: NDArray[np.float64]) -> Answer:
        return with_unread(self._decided(key, probabilities), self._unread.get(key, ""))

    def _decided(self, key: str, probabilities: NDArray[np.float64]) -> Answer:
        if key in self._learned.labels:
            return given_answer(self._learned.labels[key], backend=self._backend)
        scores = self._scores[self._keys[key]]
        return decide_again(scores, with_probabilities(scores, probabilities), backend=self._backend)
