"""Descriptions that no document can be recognised by, and those that stand in several rules."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from classify_core.rule_findings.candidate import Candidate
from classify_core.rule_findings.finding import Finding, Severity, about, quoted

_NO_WORD: Final = re.compile(r"[\W_]+")
_REMEDY: Final = "say what such a document contains: its headings, fields and usual phrases"


def equal_descriptions(candidates: Sequence[Candidate]) -> list[Finding]:
    """Descriptions that are equal when case, spaces and punctuation are ignored."""
    by_text: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_text[plain(candidate.description)].append(candidate)
    return [_equal(group) for group in by_text.values() if len(group) > 1]


def empty_descriptions(candidates: Sequence[Candidate]) -> list[Finding]:
    """Descriptions without a word of their own; a rule for all that is left over needs none."""
    return [
        about([candidate], Severity.WARNING, "says-nothing", message=message, remedy=_REMEDY)
        for candidate in candidates
        if not candidate.is_catch_all and (message := _emptiness(candidate)) is not None
    ]


def plain(description: str) -> str:
    """A description without case, spaces and punctuation; itself where it consists of nothing else."""
    return _NO_WORD.sub(" ", description).strip().casefold() or description


def _equal(group: Sequence[Candidate]) -> Finding:
    return about(
        group,
        Severity.WARNING,
        "same-description",
        message=f"the descriptions of {quoted(group)} are the same, so that only the types' names tell them apart",
        remedy="say in each what only such a document contains, or join the rules",
    )


def _emptiness(candidate: Candidate) -> str | None:
    named = f"the description of {candidate.type!r}"
    if not candidate.told:
        if candidate.denied:
            return f"{named} says only what such a document is not"
        return f"{named} fits every document: it has no word that tells one from another"
    if candidate.told <= candidate.name_words:
        return f"{named} only repeats the type"
    return None
