"""A rule as it was written, with the words that its type and its description consist of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from classify_core.rule_findings.vocabulary import (
    HOLLOW,
    mentions_the_rest,
    names_the_rest,
    spaced,
    takes_all_the_rest,
    terms,
    told_and_denied,
)


@dataclass(frozen=True)
class Candidate:
    """A rule whose type and description are texts, whatever limits they break.

    Attributes:
        number: its place in the list, from 1.
        type: the type as written.
        description: the description as written.
    """

    number: int
    type: str
    description: str

    @cached_property
    def name_words(self) -> frozenset[str]:
        """The terms of the type."""
        return terms(spaced(self.type))

    @cached_property
    def told(self) -> frozenset[str]:
        """The terms of the description that say what such a document is."""
        return self._told_and_denied[0] - HOLLOW

    @cached_property
    def denied(self) -> frozenset[str]:
        """The terms that say what it is not."""
        return self._told_and_denied[1] - HOLLOW

    @cached_property
    def _told_and_denied(self) -> tuple[frozenset[str], frozenset[str]]:
        return told_and_denied(self.description)

    @cached_property
    def is_catch_all(self) -> bool:
        """Whether the rule is meant for what fits no other: by its name, its description, or both together.

        Both together: `other_letters`, described as letters that fit no other rule.
        """
        if names_the_rest(self.type):
            return True
        return takes_all_the_rest(self.description) and (not self.told or mentions_the_rest(self.type))


def candidates_of(written: Sequence[Any]) -> list[Candidate]:
    """The rules that can be compared: those with a type and a description that are no blank texts."""
    return [
        Candidate(number, rule["type"], rule["description"])
        for number, rule in enumerate(written, start=1)
        if isinstance(rule, Mapping) and _is_text(rule.get("type")) and _is_text(rule.get("description"))
    ]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())
