"""What a model has to answer, and how what it returns is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, cast

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, create_model

from classify_core.errors import InvalidResponseError
from classify_core.validation import told

NO_MATCH: Final = "(none of these)"
"""The answer that no rule fits; no rule's type has parentheses, so it is none."""

_LONGEST_FAULT = 500
_REMEMBERED_RULE_SETS = 8

# Models write null where a text is empty; the schema asks for a text all the same.
_Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]


class UnusableAnswerError(InvalidResponseError):
    """A model's answer that is none; told to the model, which may try once more.

    Attributes:
        fault: what is wrong with it, without anything that the model wrote: that may quote the document.
    """

    def __init__(self, fault: str) -> None:
        self.fault = fault if len(fault) <= _LONGEST_FAULT else fault[:_LONGEST_FAULT] + "…"
        super().__init__(self.fault)


class ModelAnswer(BaseModel):
    """Says which type a document is of, with a quote from it as evidence."""

    # In this order: a model that reasons before it names the type names the right one more often.
    reasoning: _Text = Field(description="Why this type, or why none of them, in one or two sentences.")
    quote: _Text = Field(
        description="One passage of 3 to 30 words that shows the type, copied character by character from the "
        "document. Empty where none of the types fits."
    )
    type: str
    confidence: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] = Field(
        description="The probability, from 0.0 to 1.0, that the type is right."
    )


@lru_cache(maxsize=_REMEMBERED_RULE_SETS)
def answer_class(types: tuple[str, ...]) -> type[ModelAnswer]:
    """The class of answers that name one of the types, or none; its JSON schema is what a framework shows the model."""
    return create_model(
        "DocumentType",
        __base__=ModelAnswer,
        __doc__=ModelAnswer.__doc__,
        type=(
            cast("Any", Literal)[*types, NO_MATCH],
            Field(description=f"The type that fits the document as a whole, or {NO_MATCH!r}."),
        ),
    )


def answer_of(returned: object, expected: type[ModelAnswer]) -> ModelAnswer:
    """Reads what a framework returned for a model's answer; frameworks differ in how much they have checked of it.

    Raises:
        UnusableAnswerError: it names no type of the rules, or lacks something.
    """
    try:
        return expected.model_validate(dict(returned) if isinstance(returned, (BaseModel, Mapping)) else returned)
    except ValidationError as error:
        fault = fault_of(error)
    raise UnusableAnswerError(fault)


def fault_of(error: ValidationError) -> str:
    """Pydantic's findings, without the rejected input."""
    return "; ".join(told(error))
