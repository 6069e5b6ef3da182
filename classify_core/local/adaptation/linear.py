"""The model: multinomial logistic regression over the classes that were taught."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_INVERSE_REGULARISATION: Final = 100.0
_TOLERANCE: Final = 1e-3
_MOST_STEPS: Final = 2_000
# On average; with fewer than these a class is one document's whims.
_FEWEST_OF_A_CLASS: Final = 2
_TEACHERS_HALF_KNOWN: Final = 2.0
_ALMOST: Final = 0.99
FOLDS: Final = 5
"""Into so many parts documents are divided, so that each is judged by a model of the others."""

LEAST_PROBABILITY: Final = 1e-3
"""No model is surer than this that a class is not the right one."""


@dataclass(frozen=True)
class LinearModel:
    """A taught model.

    Attributes:
        classes: the classes it was taught, as numbers.
        teachers: of each, how many documents taught it.
        coefficients: a row for each class, a column for each value of a document's row.
        intercepts: one for each class.
    """

    classes: tuple[int, ...]
    teachers: tuple[int, ...]
    coefficients: NDArray[np.float64] = field(repr=False)
    intercepts: NDArray[np.float64] = field(repr=False)

    def probabilities(self, rows: Any) -> NDArray[np.float64]:
        """One row a document, one column a class of `classes`."""
        import numpy as np  # noqa: PLC0415 - only where something is learned

        return shares_of(np.asarray(rows @ self.coefficients.T) + self.intercepts)


def shares_of(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms of odds as probabilities that sum to 1.0 in each row."""
    import numpy as np  # noqa: PLC0415 - only where something is learned

    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares


def train(rows: Any, classes: NDArray[np.int64], weights: NDArray[np.float64]) -> LinearModel:
    """Teaches a model; `classes` holds two different ones at least."""
    import numpy as np  # noqa: PLC0415 - only where something is learned
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - takes a second to import

    fitted = LogisticRegression(C=_INVERSE_REGULARISATION, tol=_TOLERANCE, max_iter=_MOST_STEPS)
    fitted.fit(rows, classes, sample_weight=weights)
    coefficients, intercepts = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # noqa: PLR2004 - scikit-learn keeps one row for two classes
        coefficients, intercepts = (
            np.vstack([-coefficients, coefficients]) / 2,
            np.hstack([-intercepts, intercepts]) / 2,
        )
    teachers = np.unique(classes, return_counts=True)[1]
    return LinearModel(tuple(fitted.classes_.tolist()), tuple(teachers.tolist()), coefficients, intercepts)


def spread(model: LinearModel, rows: Any, classes: int) -> NDArray[np.float64]:
    """The model's probabilities with a column for every class.

    It cannot speak against what it was not taught: such a class is all but as probable as the most probable one, and
    one that few documents taught is in between.
    """
    import numpy as np  # noqa: PLC0415 - only where something is learned

    said = np.maximum(model.probabilities(rows), LEAST_PROBABILITY)
    most = said.max(axis=1, keepdims=True)
    teachers = np.array(model.teachers)
    known = teachers / (teachers + _TEACHERS_HALF_KNOWN)
    all_classes = np.repeat(_ALMOST * most, classes, axis=1)
    all_classes[:, list(model.classes)] = np.exp(known * np.log(said) + (1.0 - known) * np.log(most))
    shares: NDArray[np.float64] = all_classes / all_classes.sum(axis=1, keepdims=True)
    return shares


def judged_by_others(
    rows: Any, taught: NDArray[np.int64], classes: NDArray[np.int64], weights: NDArray[np.float64], count: int
) -> NDArray[np.float64] | None:
    """Each document's probabilities by a model of documents in other parts; None where too few are left to teach.

    Args:
        rows: all documents.
        taught: which of them teach, as positions.
        classes: the class of each document, used where it teaches.
        weights: of each document, how much it teaches.
        count: how many classes there are.
    """
    import numpy as np  # noqa: PLC0415 - only where something is learned

    parts = np.arange(rows.shape[0]) % FOLDS
    judged = np.zeros((rows.shape[0], count))
    for part in range(FOLDS):
        teachers = taught[parts[taught] != part]
        different = len(np.unique(classes[teachers]))
        if different < 2 or different * _FEWEST_OF_A_CLASS > len(teachers):  # noqa: PLR2004 - one is nothing to tell apart
            return None
        model = train(rows[teachers], classes[teachers], weights[teachers])
        pupils = np.flatnonzero(parts == part)
        judged[pupils] = spread(model, rows[pupils], count)
    return judged
