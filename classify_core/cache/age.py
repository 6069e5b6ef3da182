"""How old an answer may become: one reading of `max_age=` for every cache."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TypeAlias

from classify_core.errors import InvalidOptionError

Age: TypeAlias = float | timedelta
"""Seconds, or a timedelta."""


def checked_age(max_age: Age | None) -> float | None:
    """The age in seconds; None is no limit.

    Raises:
        InvalidOptionError: it is no time span, or not above 0.
    """
    if max_age is None:
        return None
    seconds = max_age.total_seconds() if isinstance(max_age, timedelta) else max_age
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < math.inf:
        raise InvalidOptionError(f"max_age is {max_age!r}; give seconds above 0, a timedelta, or None for no limit")
    return float(seconds)
