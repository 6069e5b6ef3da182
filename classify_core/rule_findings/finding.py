"""What a check says of rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

from classify_core.rule_findings.candidate import Candidate

Code = Literal[
    "limit",
    "same-type",
    "same-description",
    "alike",
    "covered",
    "says-nothing",
    "no-catch-all",
    "several-catch-alls",
    "greedy-catch-all",
    "type-spelling",
]


class Severity(StrEnum):
    """What a finding means for a run."""

    ERROR = "error"
    """The rules are refused: nothing can be classified by them."""
    WARNING = "warning"
    """The rules are accepted, and answers by them will be worse than they could be."""
    NOTE = "note"
    """Worth knowing; there may be nothing to do."""

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return list(Severity).index(self)


class Finding(BaseModel):
    """One thing that is wrong, and what to do.

    Attributes:
        severity: what it means for a run.
        code: which check it is of; stable, for scripts.
        numbers: the rules concerned by their places in the list, from 1; empty where it concerns all of them.
        rules: the same by their types, as they are written; `"rule 3"` where one has no readable type.
        message: what is wrong.
        remedy: what to do.
    """

    model_config = ConfigDict(frozen=True)

    severity: Severity
    code: Code
    numbers: tuple[int, ...]
    rules: tuple[str, ...]
    message: str
    remedy: str


Check: TypeAlias = Callable[[Sequence[Candidate]], list[Finding]]


def about(candidates: Sequence[Candidate], severity: Severity, code: Code, *, message: str, remedy: str) -> Finding:
    """A finding about these rules, or about all of them where none is given."""
    return Finding(
        severity=severity,
        code=code,
        numbers=tuple(candidate.number for candidate in candidates),
        rules=tuple(candidate.type for candidate in candidates),
        message=message,
        remedy=remedy,
    )


def quoted(candidates: Sequence[Candidate]) -> str:
    """The rules' types as a sentence names them: `'a', 'b' and 'c'`."""
    *first, last = (repr(candidate.type) for candidate in candidates)
    return f"{', '.join(first)} and {last}" if first else last
