"""How a scenario says what it expects; without pytest, which the official clients' environments do not have."""

from __future__ import annotations

from typing import Any


class Difference(AssertionError):  # noqa: N818 - it is a finding, told as such
    """A client met something else than the hosted service would have shown it."""


def same(actual: Any, expected: Any, what: str) -> None:
    """Ends the scenario where a value is another."""
    if actual != expected:
        raise Difference(f"{what}: expected {_shortened(expected)}, found {_shortened(actual)}")


def holds(condition: object, what: str) -> None:
    """Ends the scenario where a promise does not hold."""
    if not condition:
        raise Difference(f"does not hold: {what}")


def _shortened(value: Any, length: int = 400) -> str:
    told = repr(value)
    return told if len(told) <= length else f"{told[:length]}..."
