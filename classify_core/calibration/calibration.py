"""`Calibration`: a map from the confidence that a backend states to the one that it deserves.

It was learned from labelled documents (`fit`); to apply it takes no more than the standard library. It never puts
two documents in the opposite order.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from operator import itemgetter
from typing import Any, ClassVar, Final, TypeGuard

from classify_core.calibration.log_odds import log_odds, probability
from classify_core.checks import checked_fraction
from classify_core.classification import Alternative
from classify_core.errors import InvalidOptionError

VERSION: Final = 1
"""Of what `to_dict` returns; raised when an older reader would misread it."""


class Calibration(ABC):
    """A frozen, picklable map from raw to calibrated confidence, both 0.0 to 1.0; it never falls."""

    __slots__ = ()
    kind: ClassVar[str]

    def __call__(self, confidence: float) -> float:
        """Returns the calibrated confidence.

        Raises:
            InvalidOptionError: `confidence` is no number from 0.0 to 1.0; NaN is none.
        """
        return self._calibrated(checked_fraction("the confidence to calibrate", confidence))

    def rescaled(self, alternatives: Sequence[Alternative]) -> tuple[Alternative, ...]:
        """Returns the alternatives with the first one's confidence calibrated and the others' adjusted to it.

        What the first one leaves is shared among the others as before, so that the sum is still at most 1.0. The first
        one stays the best: where the others would pass it, all of them are made smaller alike.

        Args:
            alternatives: best first.
        """
        if not alternatives:
            return ()
        best, *others = alternatives
        confidence = self(best.confidence)
        factor = _factor([other.confidence for other in others], 1.0 - best.confidence, confidence)
        changed = ((other.type, min(other.confidence * factor, confidence)) for other in others)
        return tuple(Alternative(type=each, confidence=value) for each, value in ((best.type, confidence), *changed))

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for JSON, which `from_dict` reads."""
        return {"version": VERSION, "kind": self.kind, **self._parameters()}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Calibration:
        """Reads what `to_dict` returned.

        Raises:
            InvalidOptionError: it is something else, of a later version, or no valid calibration.
        """
        if not isinstance(data, Mapping) or data.get("version") != VERSION:
            raise InvalidOptionError(f"this is no saved calibration of version {VERSION}; calibrate anew")
        kind = next((kind for kind in _KINDS if kind.kind == data.get("kind")), None)
        if kind is None:
            raise InvalidOptionError(f"the saved calibration is of an unknown kind; known are {_known_kinds()}")
        given = {name: value for name, value in data.items() if name not in {"version", "kind"}}
        wanted = [field.name for field in fields(kind)]
        if sorted(given) != sorted(wanted):
            raise InvalidOptionError(f"a saved {kind.kind} calibration has exactly: {', '.join(wanted)}")
        return kind(**given)

    @abstractmethod
    def _calibrated(self, confidence: float) -> float:
        """The calibrated confidence of a valid one."""

    @abstractmethod
    def _parameters(self) -> dict[str, Any]:
        """The constructor's arguments as plain data."""


@dataclass(frozen=True, slots=True)
class TemperatureCalibration(Calibration):
    """A straight line on the log-odds: temperature scaling with a bias.

    Attributes:
        slope: above 0; below 1 where the raw confidences exaggerate. Its inverse is the temperature.
        intercept: what is added to the log-odds; above 0 where the raw confidences are too modest.
    """

    kind: ClassVar[str] = "temperature"
    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not (_is_finite(self.slope) and self.slope > 0.0):
            raise InvalidOptionError(f"slope is {self.slope!r}; give a finite number above 0")
        if not _is_finite(self.intercept):
            raise InvalidOptionError(f"intercept is {self.intercept!r}; give a finite number")

    def _calibrated(self, confidence: float) -> float:
        return probability(self.slope * log_odds(confidence) + self.intercept)

    def _parameters(self) -> dict[str, Any]:
        return {"slope": self.slope, "intercept": self.intercept}


@dataclass(frozen=True, slots=True)
class IsotonicCalibration(Calibration):
    """Straight lines between fitted points.

    Attributes:
        points: (raw, calibrated) confidences; the raw ones rise from 0.0 to 1.0, the calibrated ones never fall.
    """

    kind: ClassVar[str] = "isotonic"
    points: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", _checked_points(self.points))

    def _calibrated(self, confidence: float) -> float:
        following = bisect_right(self.points, confidence, key=itemgetter(0))
        if following == len(self.points):
            return self.points[-1][1]
        (left, low), (right, high) = self.points[following - 1 : following + 1]
        return min(low + (high - low) * (confidence - left) / (right - left), high)

    def _parameters(self) -> dict[str, Any]:
        return {"points": [list(point) for point in self.points]}


_KINDS: Final = (TemperatureCalibration, IsotonicCalibration)


def _known_kinds() -> str:
    return " and ".join(repr(kind.kind) for kind in _KINDS)


def _factor(others: Sequence[float], rest_before: float, best: float) -> float:
    """What the others are multiplied by: their share of the rest kept, and none of them above the best."""
    if not others or max(others) <= 0.0:
        return 1.0
    # Their sum where it is more than the best one left, by rounding or by a backend that does not add up.
    return min((1.0 - best) / max(rest_before, math.fsum(others)), best / max(others))


def _checked_points(points: Any) -> tuple[tuple[float, float], ...]:
    """The points as tuples: JSON has lists.

    Raises:
        InvalidOptionError: they are no points of a map that never falls.
    """
    wanted = "points must be pairs of raw and calibrated confidence, the raw ones rising from 0.0 to 1.0"
    if not isinstance(points, list | tuple) or not all(_is_pair(point) for point in points):
        raise InvalidOptionError(wanted)
    checked = tuple((_fraction(raw), _fraction(calibrated)) for raw, calibrated in points)
    if len(checked) < 2 or (checked[0][0], checked[-1][0]) != (0.0, 1.0):  # noqa: PLR2004 - the ends of a line
        raise InvalidOptionError(wanted)
    for (left, low), (right, high) in pairwise(checked):
        if left >= right or low > high:
            raise InvalidOptionError(f"{wanted}, the calibrated ones never falling")
    return checked


def _is_pair(point: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(point, list | tuple) and len(point) == 2  # noqa: PLR2004 - a pair


def _fraction(value: Any) -> float:
    return float(checked_fraction("a point's confidence", value))


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
