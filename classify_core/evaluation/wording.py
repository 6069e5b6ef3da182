"""How figures are worded for a person."""

from __future__ import annotations

from typing import Final

from classify_core.evaluation.proportions import Proportion

NO_TYPE: Final = "no type"
UNKNOWN: Final = "–"  # noqa: RUF001 - a dash, where there is no figure
_SPACE: Final = "\N{NARROW NO-BREAK SPACE}"


def percent(share: float, *, digits: int = 1) -> str:
    """A share as a percentage."""
    return f"{100 * share:.{digits}f}{_SPACE}%"


def interval(share: Proportion) -> str:
    """The interval of a share, such as `83.3 to 88.4 %`."""
    return f"{100 * share.low:.1f} to {percent(share.high)}"


def decimal(value: float | None, *, digits: int = 3) -> str:
    """A figure, or a dash where there is none."""
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def type_name(name: str | None) -> str:
    """A type, or that there is none."""
    return NO_TYPE if name is None else name


def count_of(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def shortened(text: str, length: int) -> str:
    """The text, cut where it is longer."""
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
