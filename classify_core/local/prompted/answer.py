"""What a model has to answer, and how what it returns is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self, cast, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from classify_core.errors import InvalidResponseError
from classify_core.local.prompted.log_probabilities import type_probability
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

    # Frameworks log what they cannot read, and a rejected input may quote the document.
    model_config = ConfigDict(hide_input_in_errors=True)

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


@dataclass(frozen=True, slots=True)
class Reply:
    """What a framework returned for a model's answer, where it also told of the tokens that the model wrote.

    Attributes:
        answer: an instance of the class of answers, or a mapping of its fields.
        tokens: what `type_probability` reads; None where the model told nothing.
    """

    answer: object = field(repr=False)
    tokens: object = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CheckedAnswer:
    """An answer that names one of the types, or none.

    Attributes:
        said: what the model wrote.
        probability: that of the type by the log-probabilities of its tokens; None where there are none.
    """

    said: ModelAnswer = field(repr=False)
    probability: float | None = None

    @classmethod
    def of(cls, returned: object, expected: type[ModelAnswer]) -> Self:
        """Of what a framework returned, a `Reply` or its answer; frameworks differ in how much they have checked of it.

        Raises:
            UnusableAnswerError: it names no type of the rules, or lacks something.
        """
        reply = returned if isinstance(returned, Reply) else Reply(returned)
        said = _validated(reply.answer, expected)
        types = get_args(expected.model_fields["type"].annotation)
        return cls(said, type_probability(reply.tokens, said.type, types))

    @property
    def confidence(self) -> float:
        """The computed probability, else what the model said."""
        return self.said.confidence if self.probability is None else self.probability

    @property
    def confidence_origin(self) -> str:
        """Where the confidence comes from, in words."""
        return "as stated by the model" if self.probability is None else "from the model's log-probabilities"


def _validated(answer: object, expected: type[ModelAnswer]) -> ModelAnswer:
    try:
        return expected.model_validate(dict(answer) if isinstance(answer, (BaseModel, Mapping)) else answer)
    except ValidationError as error:
        fault = fault_of(error)
    raise UnusableAnswerError(fault)


def fault_of(error: ValidationError) -> str:
    """Pydantic's findings, without the rejected input."""
    return "; ".join(told(error))
