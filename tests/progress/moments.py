"""A clock that stands still until it is told to go on."""

from __future__ import annotations


class Moments:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += seconds
