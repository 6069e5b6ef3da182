"""The rule for documents that fit no other: whether there is one, and whether it leaves the others their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from classify_core.metadata import UNCATEGORIZED
from classify_core.rule_findings.candidate import Candidate
from classify_core.rule_findings.finding import Finding, Severity, about, quoted
from classify_core.rule_findings.vocabulary import is_limited_to_the_rest

_EXAMPLE: Final = "'any document that fits none of the other rules'"


def catch_all_rules(candidates: Sequence[Candidate]) -> list[Finding]:
    """What there is to say about the rules for all that is left over."""
    catch_alls = [candidate for candidate in candidates if candidate.is_catch_all]
    others = [candidate for candidate in candidates if not candidate.is_catch_all]
    if not candidates:
        return []
    found = [] if catch_alls else [_missing()]
    if len(catch_alls) > 1:
        found.append(_several(catch_alls))
    return found + [finding for each in catch_alls if (finding := _greedy(each, others)) is not None]


def _missing() -> Finding:
    return about(
        [],
        Severity.NOTE,
        "no-catch-all",
        message="no rule takes the documents that fit none: they are completed with the type null, "
        f"which metadata calls {UNCATEGORIZED!r}",
        remedy=f"nothing, if null is what you want; else add a rule such as other: {_EXAMPLE}",
    )


def _several(catch_alls: Sequence[Candidate]) -> Finding:
    return about(
        catch_alls,
        Severity.WARNING,
        "several-catch-alls",
        message=f"{quoted(catch_alls)} all take what fits no other rule, and nothing tells which of them does",
        remedy="keep one",
    )


def _greedy(catch_all: Candidate, others: Sequence[Candidate]) -> Finding | None:
    """A warning where the rule asks for documents of the others too."""
    if not catch_all.told and not is_limited_to_the_rest(catch_all.description):
        return about(
            [catch_all],
            Severity.WARNING,
            "greedy-catch-all",
            message=f"{catch_all.type!r} fits every document, also those of the other rules",
            remedy=f"limit it to the rest: {_EXAMPLE}",
        )
    taken = [other for other in others if other.name_words and other.name_words <= catch_all.told]
    if not taken:
        return None
    return about(
        [catch_all, *taken],
        Severity.WARNING,
        "greedy-catch-all",
        message=f"{catch_all.type!r} names as its own what is of the type {quoted(taken)}",
        remedy=f"take that out of the description of {catch_all.type!r}",
    )
