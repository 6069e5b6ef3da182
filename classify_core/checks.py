"""What counts as a valid number: one answer for every option of every class."""

from __future__ import annotations

import math

from classify_core.errors import InvalidOptionError

LONGEST_SECONDS = 2_000_000.0
"""About 23 days: `poll()`, with which sockets wait, counts milliseconds in 31 bits. What never ends is no time span."""


def checked_seconds(name: str, value: float, *, zero_allowed: bool = False) -> float:
    """Returns a time span as it was given.

    Args:
        name: the argument's name, for the error.
        value: seconds, above 0 and at most `LONGEST_SECONDS`.
        zero_allowed: whether 0 is valid too.

    Raises:
        InvalidOptionError: it is no number (a bool or a str is none), not finite, or outside the range.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and (0 < value <= LONGEST_SECONDS or (zero_allowed and value == 0)):
        return value
    least = "0 or more" if zero_allowed else "above 0"
    raise InvalidOptionError(f"{name} is {value!r}; give seconds, {least} and at most {LONGEST_SECONDS:,.0f}")


def checked_count(name: str, value: int, *, minimum: int = 1, maximum: int | None = None) -> int:
    """Returns a whole number as it was given.

    Args:
        name: the argument's name, for the error.
        value: the number.
        minimum: the least that is valid.
        maximum: the largest that is valid; None where there is no limit.

    Raises:
        InvalidOptionError: it is no int (a bool, a float or a str is none), or outside the range.
    """
    is_count = isinstance(value, int) and not isinstance(value, bool)
    if is_count and value >= minimum and (maximum is None or value <= maximum):
        return value
    bounds = f"{minimum:,} or more" if maximum is None else f"{minimum:,} to {maximum:,}"
    raise InvalidOptionError(f"{name} is {value!r}; give a whole number, {bounds}")


def checked_fraction(name: str, value: float) -> float:
    """Returns a number as it was given.

    Raises:
        InvalidOptionError: it is no number, or not between 0.0 and 1.0.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0.0 <= value <= 1.0:
        raise InvalidOptionError(f"{name} is {value!r}; give a number between 0.0 and 1.0")
    return value


def checked_amount(name: str, value: float) -> float:
    """Returns a number as it was given.

    Raises:
        InvalidOptionError: it is no number, not finite, or negative.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0.0 <= value < math.inf:
        raise InvalidOptionError(f"{name} is {value!r}; give a number, 0 or more")
    return value
