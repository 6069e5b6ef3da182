"""Types: equal ones, and those that a filter on metadata will miss."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Final

from classify_core.local.lexical.terms import stem
from classify_core.metadata import UNCATEGORIZED
from classify_core.rule_findings.candidate import Candidate
from classify_core.rule_findings.finding import Finding, Severity, about, quoted
from classify_core.rule_findings.vocabulary import spaced

# In this order: a hyphen beside another separator stands within a word, as in "W-2 form".
_SEPARATORS: Final = {" ": "spaces", "_": "underscores", "-": "hyphens"}


def equal_types(candidates: Sequence[Candidate]) -> list[Finding]:
    """Types that are equal to the service, which ignores case, and those that differ in punctuation or ending only."""
    refused = _groups(candidates, lambda candidate: candidate.type.casefold())
    found = [_refused(group) for group in refused]
    known = {candidate.number for group in refused for candidate in group[1:]}
    rest = [candidate for candidate in candidates if candidate.number not in known]
    return found + [_confusable(group) for group in _groups(rest, _skeleton)]


def hard_to_filter_on(candidates: Sequence[Candidate]) -> list[Finding]:
    """Types that look like another text than they are, or that are spelt in several ways."""
    found = [_spelling(candidate, *fault) for candidate in candidates if (fault := _fault(candidate.type)) is not None]
    return found + _mixed_spelling(candidates)


def _groups(candidates: Sequence[Candidate], key: Callable[[Candidate], Hashable]) -> list[list[Candidate]]:
    by_key: defaultdict[Hashable, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_key[key(candidate)].append(candidate)
    return [group for group in by_key.values() if len(group) > 1]


def _skeleton(candidate: Candidate) -> tuple[str, ...]:
    return tuple(stem(word) for word in spaced(unicodedata.normalize("NFKC", candidate.type)).casefold().split())


def _refused(group: Sequence[Candidate]) -> Finding:
    return about(
        group,
        Severity.ERROR,
        "same-type",
        message=f"the types {quoted(group)} are the same (case is ignored); each may stand in one rule only",
        remedy="join the rules, or rename all but one",
    )


def _confusable(group: Sequence[Candidate]) -> Finding:
    return about(
        group,
        Severity.WARNING,
        "same-type",
        message=f"the types {quoted(group)} differ only in spaces, punctuation or ending",
        remedy="join the rules, or give the types names that say how they differ",
    )


def _fault(name: str) -> tuple[str, str] | None:
    """What makes a filter on this type miss, and what to do."""
    if name != name.strip():
        return "has spaces at its ends, which nobody sees and every filter has to repeat", "remove them"
    if re.search(r"\s\s|[^\S ]", name):
        return "has several spaces in a row or another white space than a space", "write single spaces"
    if name != unicodedata.normalize("NFC", name):
        return "has letters made of two characters, which do not equal the same letters typed otherwise", (
            "write it in the composed form (Unicode NFC)"
        )
    if name.casefold() == UNCATEGORIZED:
        return (
            "is what metadata says of a document that fits no rule, so that the two cannot be told apart",
            "rename it",
        )
    return None


def _spelling(candidate: Candidate, fault: str, remedy: str) -> Finding:
    message = f"the type {candidate.type!r} {fault}"
    return about([candidate], Severity.WARNING, "type-spelling", message=message, remedy=remedy)


def _mixed_spelling(candidates: Sequence[Candidate]) -> list[Finding]:
    """A note for each way of spelling that some types follow and some do not: who writes a filter has to know which."""
    found = []
    for trait in (_separator, _case):
        first = {way: candidate for candidate in reversed(candidates) if (way := trait(candidate.type)) is not None}
        if len(first) > 1:
            shown = ", ".join(f"{candidate.type!r} with {way}" for way, candidate in sorted(first.items()))
            found.append(_mixture(shown))
    return found


def _separator(name: str) -> str | None:
    return next((way for character, way in _SEPARATORS.items() if character in name.strip()), None)


def _case(name: str) -> str | None:
    """None where nothing is left without the abbreviations, which have their capitals everywhere."""
    words = [word for word in re.split(r"[\W_]+", name) if not word.isupper()]
    if any(word != word.lower() for word in words):
        return "capitals"
    return "small letters" if any(map(str.islower, words)) else None


def _mixture(shown: str) -> Finding:
    return about(
        [],
        Severity.NOTE,
        "type-spelling",
        message=f"the types are not spelt alike ({shown}), and filters compare them letter by letter",
        remedy="spell all of them the same way, such as in small letters with underscores",
    )
