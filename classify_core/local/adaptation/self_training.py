"""From what the engine says of many documents, and what is known of some, to what they say of each other.

Classes are numbers: the rules in their order, and last of all that no rule fits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from classify_core.local.adaptation.linear import judged_by_others, shares_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Of the documents that are taken for a class these shares teach, round by round, the surest first.
_TEACHING_SHARES: Final = (0.6, 0.8, 1.0)
_FEWEST_TEACHERS_OF_A_CLASS: Final = 3
_FEWEST_TEACHERS: Final = 8
# How probable its class must be for a document to teach; that no rule fits is easily said of what is only unusual.
_SURE_ENOUGH: Final = 0.4
_SURE_OF_NONE: Final = 0.9
_WEIGHT_OF_NONE: Final = 0.5
# Where documents of no type teach nothing, a model that is surer than this of a type speaks against "no rule fits".
_NONE_UNTAUGHT: Final = 0.25

# Documents of which the engine is so sure show how far the model can be trusted: by how many of them both agree on.
_SURE: Final = 0.6
_LEAST_AGREEMENT: Final = 0.8
_FULL_AGREEMENT: Final = 0.86
_LEAST_CLASS_AGREEMENT: Final = 0.6
_FULL_CLASS_AGREEMENT: Final = 0.9
_AGREEMENTS_ASSUMED: Final = 6.0
_TEACHERS_HALF_TRUSTED: Final = 4.0
_MOST_INFLUENCE: Final = 3.5
# With as many labels, what the model gets right of them counts instead: that it may get less right than the engine.
_FEWEST_LABELS: Final = 20
_LEAD_OF_THE_ENGINE: Final = 0.1

WEIGHT_OF_LABEL: Final = 3.0
"""How much a document teaches whose type somebody said; that of others is how sure it is, at most 1.0."""

LEAST_PRIOR: Final = 1e-6
"""Nothing is impossible to the engine."""


@dataclass(frozen=True)
class Trust:
    """How far the model is trusted.

    Attributes:
        agreement: the share of labelled documents that the model gets right, or of sure documents on which engine and
            model agree; and how far it is trusted for that, 0.0 to 1.0.
        influence: for each class, how much a model that says it counts beside the engine, which counts 1.0.
    """

    agreement: tuple[float, float]
    influence: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True)
class Teaching:
    """Documents that teach.

    Attributes:
        teachers: which of all documents, as positions.
        classes: the class of each document, as far as it teaches.
        weights: of each document, how much it teaches.
    """

    teachers: NDArray[np.int64] = field(repr=False)
    classes: NDArray[np.int64] = field(repr=False)
    weights: NDArray[np.float64] = field(repr=False)


@dataclass(frozen=True)
class Taught:
    """What came of it.

    Attributes:
        probabilities: a row for each document, a column for each class.
        teaching: the documents that taught in the last round.
        trust: how far the model is trusted; None where it cannot be, and the probabilities are the engine's.
    """

    probabilities: NDArray[np.float64] = field(repr=False)
    teaching: Teaching | None
    trust: Trust | None


def self_train(rows: Any, priors: NDArray[np.float64], labels: NDArray[np.int64]) -> Taught:
    """Lets documents teach each other.

    Args:
        rows: what the model sees of each document.
        priors: what the engine says of each, one column a class; zeros where the engine was not asked, but there is a
            label.
        labels: the class of each document where it is known, else -1.
    """
    known = _with_labels(priors, labels)
    taught = Taught(known, None, None)
    for share in _TEACHING_SHARES:
        teaching = _teaching(taught.probabilities, labels, share)
        judged = _judged(rows, teaching, priors.shape[1])
        if judged is None:
            return Taught(known, None, None)
        agreement = _agreement(judged, priors, labels) if taught.trust is None else taught.trust.agreement
        trust = _trust(judged, known, teaching, agreement)
        if not trust.influence.any():
            return Taught(known, None, None)
        taught = Taught(_with_labels(joined(priors, judged, trust.influence), labels), teaching, trust)
    return taught


def _with_labels(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    known = probabilities.copy()
    for document in (labels >= 0).nonzero()[0]:
        known[document] = LEAST_PRIOR
        known[document, labels[document]] = 1.0
    return known


def _teaching(probabilities: NDArray[np.float64], labels: NDArray[np.int64], share: float) -> Teaching:
    import numpy as np  # noqa: PLC0415 - only where something is learned

    classes, none = probabilities.argmax(axis=1), probabilities.shape[1] - 1
    sureness = probabilities.max(axis=1)
    teachers: list[int] = []
    for each in range(none + 1):
        sure = np.flatnonzero((classes == each) & (sureness >= (_SURE_OF_NONE if each == none else _SURE_ENOUGH)))
        surest = sure[np.argsort(-sureness[sure], kind="stable")]
        teachers += surest[: max(_FEWEST_TEACHERS_OF_A_CLASS, math.ceil(share * len(sure)))].tolist()
    weights = np.where(labels >= 0, WEIGHT_OF_LABEL, sureness) * np.where(classes == none, _WEIGHT_OF_NONE, 1.0)
    return Teaching(np.array(sorted(teachers), dtype=np.int64), classes, weights)


def _judged(rows: Any, teaching: Teaching, count: int) -> NDArray[np.float64] | None:
    if len(teaching.teachers) < _FEWEST_TEACHERS:
        return None
    judged = judged_by_others(rows, teaching.teachers, teaching.classes, teaching.weights, count)
    is_taught = bool((teaching.classes[teaching.teachers] == count - 1).any())
    return None if judged is None else without_untaught_none(judged, is_taught=is_taught)


def without_untaught_none(judged: NDArray[np.float64], *, is_taught: bool) -> NDArray[np.float64]:
    """The model's opinions, where that no rule fits was not taught: it cannot speak against what it does not know."""
    if is_taught:
        return judged
    none = judged.shape[1] - 1
    with_none = judged.copy()
    with_none[:, none] = _NONE_UNTAUGHT
    shares: NDArray[np.float64] = with_none / with_none.sum(axis=1, keepdims=True)
    return shares


def _agreement(
    judged: NDArray[np.float64], priors: NDArray[np.float64], labels: NDArray[np.int64]
) -> tuple[float, float]:
    """How far to trust the model at all, decided before it has confirmed itself; and the share that says so.

    Of labelled documents it must get as many right as the engine does; without them, agree with the sure engine.
    """
    import numpy as np  # noqa: PLC0415 - only where something is learned

    said, known = judged.argmax(axis=1), (labels >= 0) & priors.any(axis=1)
    if known.sum() >= _FEWEST_LABELS:
        right = float((said[known] == labels[known]).mean())
        engine = float((priors[known].argmax(axis=1) == labels[known]).mean())
        return right, float(_between(right - engine, -_LEAD_OF_THE_ENGINE, 0.0))
    sure = np.flatnonzero(priors.max(axis=1) >= _SURE)
    agreement = ((said[sure] == priors[sure].argmax(axis=1)).sum() + 1.0) / (len(sure) + 2.0)
    return float(agreement), float(_between(agreement, _LEAST_AGREEMENT, _FULL_AGREEMENT))


def _trust(
    judged: NDArray[np.float64], known: NDArray[np.float64], teaching: Teaching, agreement: tuple[float, float]
) -> Trust:
    """How far to trust the model in each class."""
    import numpy as np  # noqa: PLC0415 - only where something is learned

    count = judged.shape[1]
    share, trusted = agreement
    sure = np.flatnonzero(known.max(axis=1) >= _SURE)
    said = judged[sure].argmax(axis=1)
    agreeing = said == known[sure].argmax(axis=1)
    of_class = np.bincount(said[agreeing], minlength=count) + _AGREEMENTS_ASSUMED * share
    agreements = of_class / (np.bincount(said, minlength=count) + _AGREEMENTS_ASSUMED)
    teachers = np.bincount(teaching.classes[teaching.teachers], minlength=count)
    influence = (
        _MOST_INFLUENCE
        * trusted
        * _between(agreements, _LEAST_CLASS_AGREEMENT, _FULL_CLASS_AGREEMENT)
        * (teachers / (teachers + _TEACHERS_HALF_TRUSTED))
    )
    return Trust(agreement, influence)


def _between(value: Any, least: float, full: float) -> Any:
    import numpy as np  # noqa: PLC0415 - only where something is learned

    return np.clip((value - least) / (full - least), 0.0, 1.0)


def joined(
    priors: NDArray[np.float64], judged: NDArray[np.float64], influence: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Engine and model together: the product of their probabilities, the model's as far as its answer is trusted."""
    import numpy as np  # noqa: PLC0415 - only where something is learned

    trusted = influence[judged.argmax(axis=1)][:, None]
    return shares_of(np.log(np.maximum(priors, LEAST_PRIOR)) + trusted * np.log(judged))
