"""What the schemas of all routes share.

These are apart from the client's models, so that client and server can disagree and a test can notice it; the limits
are taken from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final, Generic, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from classify_core.models import MAX_DESCRIPTION_LENGTH, MAX_TYPE_LENGTH, MIN_DESCRIPTION_LENGTH

Item = TypeVar("Item", bound=BaseModel)

# Letters, digits, spaces, hyphens and underscores, not spaces alone.
TYPE_PATTERN: Final = r"^[\w \-]*[\w\-][\w \-]*$"
NOT_BLANK: Final = r"^\s*\S"


def _encodable(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("half a character (a lone surrogate) cannot be kept as text")
    return text


def _of_allowed_characters(text: str) -> str:
    if re.fullmatch(TYPE_PATTERN, text) is None or text.endswith("\n"):  # which `$` lets pass in Python
        raise ValueError("allowed are letters, digits, spaces, hyphens and underscores, and not spaces alone")
    return text


Text = Annotated[str, AfterValidator(_encodable)]
TypeName = Annotated[str, AfterValidator(_of_allowed_characters), Field(json_schema_extra={"pattern": TYPE_PATTERN})]


class Request(BaseModel):
    """A part of a request; what a newer client sends besides is ignored."""

    # Python's own expressions: the client's models, which the work is done with, agree with these on what a letter is.
    model_config = ConfigDict(extra="ignore", frozen=True, regex_engine="python-re")


class Reply(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class Problem(BaseModel):
    """Why a request was refused, in a sentence."""

    detail: str = Field(description="The reason.")


class ValidationError(BaseModel):
    """One fault of a request."""

    loc: list[str | int] = Field(description="Where it is.")
    msg: str = Field(description="What is wrong.")
    type: str = Field(description="The kind of fault.")


class HTTPValidationError(BaseModel):
    """All faults of a request."""

    detail: list[ValidationError] = Field(description="The faults.")


class PaginatedResponse(Reply, Generic[Item]):
    """One page of a listing."""

    items: tuple[Item, ...] = Field(description="This page's items.")
    next_page_token: str | None = Field(default=None, description="Asks for the next page; null on the last.")
    total_size: int | None = Field(default=None, description="How many items all pages have together.")


class RuleFields(Request):
    """A type of document and how to recognise it."""

    type: TypeName = Field(
        min_length=1,
        max_length=MAX_TYPE_LENGTH,
        description="The label that a matching document gets.",
        examples=["invoice"],
    )
    description: str = Field(
        min_length=MIN_DESCRIPTION_LENGTH,
        max_length=MAX_DESCRIPTION_LENGTH,
        pattern=NOT_BLANK,
        description="What such a document contains, in plain words.",
        examples=["contains invoice number, line items, and total amount"],
    )


class Typed(Protocol):
    """Anything that has a type's name."""

    @property
    def type(self) -> str:
        """The name."""


Rules = TypeVar("Rules", bound=Sequence[Typed])


def distinct_types(rules: Rules) -> Rules:
    """Refuses rules two of which have the same type, also when only their case differs."""
    seen: set[str] = set()
    for rule in rules:
        folded = rule.type.casefold()
        if folded in seen:
            raise ValueError(f"the type {rule.type!r} stands in more than one rule (case is ignored)")
        seen.add(folded)
    return rules


class ClassificationFields(Reply):
    """What was found."""

    type: str | None = Field(description="The matching rule's type; null where none matched.")
    confidence: float = Field(ge=0.0, le=1.0, description="How sure that is, 0 to 1.")
    reasoning: str = Field(description="Why, in words.")
