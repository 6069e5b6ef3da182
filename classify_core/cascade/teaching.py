"""How much of a call is sent to the dear backend so that it teaches the cheap one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from classify_core.checks import checked_count, checked_fraction
from classify_core.errors import InvalidOptionError

MOST_ROUNDS: Final = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class CascadeTeaching:
    """How much of a call is sent to the dear backend, and what for.

    Attributes:
        share: of a call's distinct documents, at most so large a share is sent; above 0.0 and below 1.0.
        held_out: the share of these, 0.0 to 0.9, that teaches nothing: they are chosen by lot among the documents that
            are left in the end, to estimate how often the taught backend agrees with the dear one on the others.
        rounds: the others are sent in so many parts, each chosen with what the ones before have taught. More rounds
            choose better and take longer, since each waits for the dear backend.

    Raises:
        InvalidOptionError: a number is out of its range.
    """

    share: float
    held_out: float = 0.2
    rounds: int = 5

    def __post_init__(self) -> None:
        if not 0.0 < checked_fraction("share", self.share) < 1.0:
            raise InvalidOptionError(f"share is {self.share!r}; give the share to send, above 0.0 and below 1.0")
        if checked_fraction("held_out", self.held_out) > 0.9:  # noqa: PLR2004 - said in the message
            raise InvalidOptionError(f"held_out is {self.held_out!r}; give at most 0.9, or too little is left to teach")
        checked_count("rounds", self.rounds, maximum=MOST_ROUNDS)

    def held_out_of(self, documents: int) -> int:
        """How many documents of a call are held out."""
        return round(self.held_out * self._sent_of(documents))

    def taught_with(self, documents: int) -> int:
        """How many documents of a call teach."""
        return self._sent_of(documents) - self.held_out_of(documents)

    def _sent_of(self, documents: int) -> int:
        return math.floor(self.share * documents)


def teaching_of(teach: float | CascadeTeaching | None) -> CascadeTeaching | None:
    """The teaching that `teach=` asks for.

    Raises:
        InvalidOptionError: it is no share.
    """
    if teach is None or isinstance(teach, CascadeTeaching):
        return teach
    return CascadeTeaching(share=checked_fraction("teach", teach))
