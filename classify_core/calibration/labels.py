"""What a calibration is learned from: confidences, and whether the answers were right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from classify_core.checks import checked_fraction
from classify_core.errors import InvalidOptionError, TooFewLabelsError

Pair: TypeAlias = tuple[float, bool]
"""A document's raw confidence, 0.0 to 1.0, and whether its answer was right."""

LEAST_DOCUMENTS: Final = 50
LEAST_OF_EITHER: Final = 1
"""How many right and how many wrong answers there must be.

One is enough because the prior (see `temperature_fitting`) holds what few answers cannot tell. More would do harm: of
a classifier that is right 97 times in 100, only an unlucky sample of 50 has five wrong answers, and what is learned
from it is too low for all others.
"""


def checked_pairs(pairs: Iterable[Pair]) -> list[Pair]:
    """Returns the pairs in an order of their own, so that the caller's does not matter.

    Raises:
        InvalidOptionError: a confidence is no number from 0.0 to 1.0, or an outcome is no bool.
        TooFewLabelsError: they are too few, or all right, or all wrong.
    """
    checked = sorted(_checked(confidence, is_right) for confidence, is_right in pairs)
    right = sum(is_right for _, is_right in checked)
    _refuse_too_few(right, len(checked) - right)
    return checked


def _checked(confidence: float, is_right: bool) -> Pair:  # noqa: FBT001 - the two halves of a pair
    if not isinstance(is_right, bool):
        raise InvalidOptionError(f"whether an answer was right is {is_right!r}; give True or False")
    return float(checked_fraction("a confidence", confidence)), is_right


def _refuse_too_few(right: int, wrong: int) -> None:
    needed = [
        f"{count} {what}"
        for count, what in (
            (LEAST_DOCUMENTS - right - wrong, "more documents"),
            (LEAST_OF_EITHER - right, "more that is classified right"),
            (LEAST_OF_EITHER - wrong, "more that is classified wrong"),
        )
        if count > 0
    ]
    if needed:
        documents = right + wrong
        raise TooFewLabelsError(
            f"there are {documents} labelled documents, {right} of them classified right and {wrong} wrong, which is "
            f"too few to calibrate: label at least {' and '.join(needed)}",
            documents=documents,
            right=right,
        )


def smoothed_targets(pairs: Sequence[Pair]) -> list[float]:
    """Returns what each answer counts as: a little less than 1.0 where it was right, a little more than 0.0 where not.

    It is the share that is to be expected of further answers of the kind, after those seen: fifty right ones in a row
    are no proof that the next is right (J. Platt, "Probabilistic Outputs for Support Vector Machines and Comparisons
    to Regularized Likelihood Methods", 1999, section 2.2).
    """
    right = sum(is_right for _, is_right in pairs)
    for_right, for_wrong = (right + 1) / (right + 2), 1 / (len(pairs) - right + 2)
    return [for_right if is_right else for_wrong for _, is_right in pairs]
