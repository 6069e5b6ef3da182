"""What an agent reads: which types and documents there are, what was found, and what it asked in vain."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from classify_core.classification import Classification, Status
from classify_core.errors import ClassifyError
from classify_core.metadata import MetadataSchema, shortened

if TYPE_CHECKING:
    from classify_core.models import Rule
    from classify_core.source import Source

# OpenAI-style APIs refuse a longer one.
MAX_DESCRIPTION: Final = 1024
MAX_NAMES_LENGTH: Final = 2000
"""Characters of attachments' names told at once: each call of a tool adds to what the model reads again and again."""
EMPTY_TEXT: Final = "`text` is empty; there is nothing to classify."
DEFAULT_REASONING_LENGTH: Final[int] = MetadataSchema.model_fields["reasoning_length"].default
_ERROR_LENGTH: Final = 500
_CLOSEST: Final = 3
_SHOWN: Final = 0.005  # less is 0.00 on two digits
_ANSWERS: Final = "Answers with a type, a confidence from 0 to 1 and the reason."
_FILES: Final = (
    "A file is named relative to its folder, such as 'march/invoice.pdf'; "
    "what lies outside and what is hidden cannot be read."
)


class AgentAnswer(BaseModel):
    """What a tool gives back: for the model one line, for the program the classification.

    >>> str(AgentAnswer(line="There is no attachment of that name."))
    'There is no attachment of that name.'

    Attributes:
        line: what the model reads; also what `str` gives.
        classification: what was found; None where the model made a mistake, of which the line tells.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    line: str
    classification: Classification | None = None

    def __str__(self) -> str:
        return self.line


def describe_types(purpose: str, rules: Sequence[Rule] | None) -> str:
    """A tool's description: its purpose, how it answers, and as many of the types as fit."""
    text = f"{purpose} {_ANSWERS}"
    types = [rule.type for rule in rules or ()]
    named = _as_many_as_fit(types, MAX_DESCRIPTION - len(f"{text} Types: ."))
    return f"{text} Types: {named}." if named else text


def content_of(classification: Classification, *, reasoning_length: int = DEFAULT_REASONING_LENGTH) -> str:
    """What was found, with at most `reasoning_length` characters of the reasoning."""
    reasoning = shortened(classification.reasoning, reasoning_length)
    found = _finding(classification)
    return f"{found}: {reasoning}" if reasoning else found


def no_such_document(attachments: Sequence[str], *, has_files: bool = False) -> str:
    """What is said of a name that stands for nothing an agent may read, wherever it points.

    Args:
        attachments: the names it may use.
        has_files: whether it may name files as well.
    """
    kinds = ["attachment"] if attachments or not has_files else []
    kinds += ["file"] if has_files else []
    return f"There is no {' or '.join(kinds)} of that name. {known_documents(attachments, has_files=has_files)}"


def known_documents(attachments: Sequence[str], *, has_files: bool = False) -> str:
    """What an agent may name; see `no_such_document`."""
    if not has_files:
        return _known(attachments)
    return f"{_known(attachments)} {_FILES}" if attachments else _FILES


def placeless(outcome: Classification, source: Source) -> Classification:
    """The outcome of a source as an agent may read it; see `without_place`."""
    if outcome.error is None:
        return outcome
    return outcome.model_copy(update={"error": without_place(outcome.error, source)})


def without_place(error: ClassifyError, source: Source) -> ClassifyError:
    """The error as an agent, and a trace, may read it: a file goes by its name, not by its place on this machine.

    What of the name cannot be printed is escaped.

    Returns:
        The error itself, or a copy whose `__context__` it is. It is not the copy's cause: that would be printed too.
    """
    if source.kind != "path":
        return error
    place = str(source.value)
    is_bare = source.value.name == place  # a name alone tells no place
    # Who named the file may be a stranger: line breaks and invisible characters are escaped.
    shown = _escaped(place if is_bare else source.name or "it")
    message = error.message.replace(place, shown).replace(_escaped(place), shown)
    if message == error.message:
        return error
    told = copy.copy(error)
    told.message = message
    told.args = (message,)
    told.__context__ = error
    told.__suppress_context__ = True
    return told


def _escaped(name: str) -> str:
    return repr(name)[1:-1]


def _known(names: Sequence[str]) -> str:
    if not names:
        return "There are no attachments; give the document's text as `text`."
    # Who named an attachment may be a stranger: `repr` keeps line breaks and invisible characters out of the sentence.
    told = _as_many_as_fit([repr(name) for name in names], MAX_NAMES_LENGTH)
    return f"The attachments are: {told}." if told else f"There are {len(names)}, whose names are too long to be told."


def _as_many_as_fit(names: Sequence[str], length: int) -> str:
    """The first of the names, in full, and how many more there are, in at most `length` characters."""
    told = fitting = ""
    for shown, name in enumerate(names, start=1):
        told = f"{told}, {name}" if told else name
        if len(told) > length:
            break
        more = f" and {len(names) - shown} more" if shown < len(names) else ""
        if len(told + more) <= length:
            fitting = told + more
    return fitting


def _finding(classification: Classification) -> str:
    if not classification.status.is_success:
        error = shortened(str(classification.error), _ERROR_LENGTH)  # a stranger's file name may be part of it
        return f"could not be classified ({classification.status.value}): {error}"
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
