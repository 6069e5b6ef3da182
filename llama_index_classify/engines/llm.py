"""Lets a LlamaIndex LLM classify."""

from __future__ import annotations

from typing import Final

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms import LLM
from llama_index.core.output_parsers.base import OutputParserException
from llama_index.core.prompts import ChatPromptTemplate
from pydantic import ValidationError

from classify_core.backend import place_of
from classify_core.errors import InvalidOptionError
from classify_core.local.model_calls import model_name_of, refuse_other
from classify_core.local.prompted import (
    DEFAULT_MAX_CHARACTERS,
    ModelAnswer,
    Prompt,
    PromptedEngine,
    UnusableAnswerError,
    fault_of,
)

# What LlamaIndex's programs raise, in its several versions, for an answer that they cannot read.
_UNREADABLE: Final = (ValueError, TypeError, LookupError, AssertionError, OutputParserException)


class LLMEngine(PromptedEngine):
    """Decides by asking an LLM, which answers in a form that only allows the rules' types.

        classifier = Classifier(rules, backend=LocalBackend(LLMEngine(llm)))

    Any LLM will do; one that calls functions keeps to the form best. It must quote the document: where the quote is not
    in it, the answer is that no rule fits, and the reasoning says so. What stands in a document is fenced off from the
    instructions, and its name is not shown. LlamaIndex tells its own handlers of each call to an LLM, with the prompt.

    Args:
        llm: the LLM; never taken from `Settings` by itself.
        max_characters: how much of a document is shown: of a longer one its beginning, middle and end.

    Raises:
        InvalidOptionError: `llm` is none, or `max_characters` too small.
    """

    def __init__(self, llm: LLM, *, max_characters: int = DEFAULT_MAX_CHARACTERS) -> None:
        refuse_other(LLM, llm, engine="LLMEngine", example="Settings.llm")
        self._llm = llm
        super().__init__(_name_of(llm), max_characters=max_characters)

    def _ask(self, prompt: Prompt, expected: type[ModelAnswer]) -> object:
        try:
            return self._llm.structured_predict(
                expected, _template(), instruction=prompt.instruction, document=prompt.document
            )
        except ValidationError as error:
            fault = fault_of(error)
        except _UNREADABLE as error:
            # Its text quotes what the model wrote.
            fault = f"it could not be read ({type(error).__name__} at {place_of(error)})"
        raise UnusableAnswerError(fault)


def _template() -> ChatPromptTemplate:
    """A new one each time, since programs write into it; braces in rules and document do no harm, as variables."""
    return ChatPromptTemplate(
        message_templates=[
            ChatMessage(role=MessageRole.SYSTEM, content="{instruction}"),
            ChatMessage(role=MessageRole.USER, content="{document}"),
        ]
    )


def _name_of(llm: LLM) -> str:
    try:
        return model_name_of(llm, llm.metadata.model_name)
    except Exception as error:
        # Without metadata LlamaIndex cannot call it either.
        raise InvalidOptionError(
            f"the {type(llm).__name__} cannot say what model it is ({type(error).__name__}); is the model's name right?"
        ) from error
