"""Which documents of a call are sent to the dear backend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from classify_core.cascade.sureness import Opinion, drawn, least_sure_first
from classify_core.cascade.teaching import CascadeTeaching
from classify_core.classification import Answer

OnDearError: TypeAlias = Literal["raise", "cheap"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is sent, and what is done where that fails.

    Attributes:
        below: a cheap answer of less confidence is not sure.
        none_is_sure: whether a cheap answer that no rule fits is kept.
        on_dear_error: what becomes of a document that the dear backend fails on.
        teaching: how much is sent to teach; None where nothing is.
    """

    below: float
    none_is_sure: bool
    on_dear_error: OnDearError
    teaching: CascadeTeaching | None

    def is_sure(self, answer: Answer) -> bool:
        """Whether a cheap answer is kept."""
        return self.none_is_sure if answer.type is None else answer.confidence >= self.below

    def new_choice(self) -> Choice:
        """What chooses among the documents of one call."""
        return UnsureOnes(self) if self.teaching is None else TeachingSample(self.teaching)


class Choice(Protocol):
    """Chooses among the documents of one call, in as many parts as it wants.

    Attributes:
        held_out: documents that are sent only to compare answers.
        is_over: whether it has nothing more to choose.
    """

    held_out: frozenset[str]
    is_over: bool

    def next(self, opinions: Sequence[Opinion]) -> list[str]:
        """The next part, of the documents that were not chosen yet."""


class UnsureOnes:
    """Chooses all of which the cheap backend is not sure, at once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.held_out: frozenset[str] = frozenset()
        self.is_over = False

    def next(self, opinions: Sequence[Opinion]) -> list[str]:
        """All of them."""
        self.is_over = True
        return [opinion.key for opinion in opinions if not self._policy.is_sure(opinion.together)]


class TeachingSample:
    """Chooses those of which most is to be learned, part by part, and with the last part some by lot."""

    _FIRST: Final = 1

    def __init__(self, teaching: CascadeTeaching) -> None:
        self._teaching = teaching
        self._documents = 0
        self._round = 0
        self._looked_into: set[str | None] = set()
        self.held_out: frozenset[str] = frozenset()
        self.is_over = False

    def next(self, opinions: Sequence[Opinion]) -> list[str]:
        """The next part."""
        self._round += 1
        if self._round == self._FIRST:
            self._documents = len(opinions)
        count = self._teaching.taught_with(self._documents)
        rounds = max(self._FIRST, min(self._teaching.rounds, count))
        part = count * self._round // rounds - count * (self._round - 1) // rounds
        ordered = self._in_order(opinions, part)
        self.is_over = self._round >= rounds
        if self.is_over:
            # Of what is left after the last choice, so that they are to the rest as any others of it.
            self.held_out = frozenset(drawn(ordered[part:], self._teaching.held_out_of(self._documents)))
        return [*ordered[:part], *sorted(self.held_out)]

    def _in_order(self, opinions: Sequence[Opinion], part: int) -> list[str]:
        """The documents' keys, those to be sent first: of each type that was not looked into one, then by urgency.

        Where a backend is sure of all that it takes for a type, it may be wrong in all of them.
        """
        ordered = least_sure_first(opinions)
        first_of_type: dict[str | None, str] = {}
        for opinion in ordered:
            if opinion.together.type not in self._looked_into:
                first_of_type.setdefault(opinion.together.type, opinion.key)
        covering = list(first_of_type.values())[: part // 2]
        keys = list(dict.fromkeys([*covering, *(opinion.key for opinion in ordered)]))
        chosen = set(keys[:part])
        self._looked_into |= {opinion.together.type for opinion in ordered if opinion.key in chosen}
        return keys
