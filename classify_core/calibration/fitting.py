"""`fit`: learns a calibration from labelled documents, and tells what it is worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from classify_core.calibration.calibration import Calibration
from classify_core.calibration.isotonic_fitting import fit_isotonic, is_isotonic_available
from classify_core.calibration.labels import Pair, checked_pairs
from classify_core.calibration.measures import log_loss
from classify_core.calibration.report import CalibrationReport, Method, Quality
from classify_core.calibration.temperature_fitting import fit_temperature
from classify_core.errors import InvalidOptionError

MethodLike: TypeAlias = Literal["auto", "temperature", "isotonic"]

MANY_DOCUMENTS: Final = 1000
"""From here on `auto` tries isotonic regression too.

It can take any rising form, and so with less takes that of chance; the two parameters of the other method do not
(A. Niculescu-Mizil & R. Caruana, "Predicting Good Probabilities with Supervised Learning", 2005, who find the
crossing near 1000).
"""

_FOLDS: Final = 10

_FITTERS: Final[Mapping[Method, Callable[[Sequence[Pair]], Calibration]]] = {
    "temperature": fit_temperature,
    "isotonic": fit_isotonic,
}


class Fitted(NamedTuple):
    """A calibration and what it is worth."""

    calibration: Calibration
    report: CalibrationReport


def fit(pairs: Iterable[Pair], *, method: MethodLike = "auto") -> Fitted:
    """Learns a calibration; the same from the same pairs in any order.

    Args:
        pairs: each labelled document's raw confidence, 0.0 to 1.0, and whether its answer was right.
        method: `"temperature"`: slope and intercept on the log-odds, from 50 documents on; `"isotonic"`: any rising
            form, for a thousand documents and more; `"auto"`: temperature, or isotonic where there are as many,
            scikit-learn is installed, and the cross-validated log loss is lower.

    Raises:
        InvalidOptionError: `method` is unknown, a confidence is no number from 0.0 to 1.0, or an outcome is no bool.
        TooFewLabelsError: there are under 50 pairs, or all are right, or all are wrong.
        MissingExtraError: `method="isotonic"` and scikit-learn is not installed.
    """
    compared = _methods(method)
    known = checked_pairs(pairs)
    if method == "auto" and len(known) >= MANY_DOCUMENTS and is_isotonic_available():
        compared = ("temperature", "isotonic")
    right = [is_right for _, is_right in known]
    held_out = {each: _held_out(known, each) for each in compared}
    chosen = min(compared, key=lambda each: log_loss(held_out[each], right))  # the simpler one where they are equal
    report = CalibrationReport(
        documents=len(known),
        right=sum(right),
        method=chosen,
        compared=compared,
        before=Quality.of([confidence for confidence, _ in known], right),
        after=Quality.of(held_out[chosen], right),
    )
    return Fitted(_FITTERS[chosen](known), report)


def _methods(method: MethodLike) -> tuple[Method, ...]:
    if method == "auto":
        return ("temperature",)
    if method not in _FITTERS:
        raise InvalidOptionError(f'method is {method!r}; give "auto", "temperature" or "isotonic"')
    return (method,)


def _held_out(pairs: Sequence[Pair], method: Method) -> list[float]:
    """Each pair's confidence by a calibration that was learned from the other folds."""
    folds = _folds(pairs)
    confidences = [0.0] * len(pairs)
    for fold in range(_FOLDS):
        calibration = _FITTERS[method]([pair for pair, own in zip(pairs, folds, strict=True) if own != fold])
        for index in (index for index, own in enumerate(folds) if own == fold):
            confidences[index] = calibration(pairs[index][0])
    return confidences


def _folds(pairs: Sequence[Pair]) -> list[int]:
    """Each pair's fold: dealt out by outcome and confidence, so that the folds are alike without chance."""
    folds = [0] * len(pairs)
    by_outcome = sorted(range(len(pairs)), key=lambda index: (pairs[index][1], pairs[index][0]))
    for position, index in enumerate(by_outcome):
        folds[index] = position % _FOLDS
    return folds
