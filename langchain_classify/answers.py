"""What a language model reads: which types there are, and what a document was found to be, on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from classify_core.classification import Classification, Status
from classify_core.metadata import shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core.models import Rule

# OpenAI-style APIs refuse a longer one.
MAX_DESCRIPTION: Final = 1024
_CLOSEST: Final = 3
_SHOWN: Final = 0.005  # less is 0.00 on two digits
_PURPOSE: Final = (
    "Tells what kind of document an attachment or a text is. Give either the attachment's name or the text. "
    "Answers with a type, a confidence from 0 to 1 and the reason."
)


def describe_types(rules: Sequence[Rule] | None) -> str:
    """A tool's description that names as many of the types as fit."""
    types = [rule.type for rule in rules or ()]
    for shown in range(len(types), 0, -1):
        more = f" and {len(types) - shown} more" if shown < len(types) else ""
        text = f"{_PURPOSE} Types: {', '.join(types[:shown])}{more}."
        if len(text) <= MAX_DESCRIPTION:
            return text
    return _PURPOSE


def content_of(classification: Classification, *, reasoning_length: int) -> str:
    """What was found, with at most `reasoning_length` characters of the reasoning."""
    reasoning = shortened(classification.reasoning, reasoning_length)
    found = _finding(classification)
    return f"{found}: {reasoning}" if reasoning else found


def _finding(classification: Classification) -> str:
    if not classification.status.is_success:
        return f"could not be classified ({classification.status.value}): {classification.error}"
    if classification.type is not None:
        return f"{classification.type} (confidence {classification.confidence:.2f})"
    withheld = classification.status is Status.BELOW_THRESHOLD
    verdict = f"not sure enough (confidence {classification.confidence:.2f})" if withheld else "no rule matched"
    closest = [
        f"{near.type} {near.confidence:.2f}"
        for near in classification.alternatives[:_CLOSEST]
        if near.confidence >= _SHOWN
    ]
    return f"{verdict}; closest: {', '.join(closest)}" if closest else verdict
