"""One question to a LangChain model: through `with_structured_output`, or in words where it has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, get_args

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage
from langchain_core.output_parsers import PydanticOutputParser
from langchain_core.runnables import Runnable, RunnableParallel, RunnableSequence, RunnableWithFallbacks
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.runnables.configurable import DynamicRunnable
from pydantic import ValidationError

from classify_core.errors import InvalidOptionError
from classify_core.local.model_calls import refuse_other
from classify_core.local.prompted import ModelAnswer, Prompt, Reply, UnusableAnswerError, fault_of

Method: TypeAlias = Literal["function_calling", "json_schema", "json_mode"]

_UNREADABLE: Final = (ValidationError, OutputParserException)


class StructuredModel:
    """A model, and how it is brought to answer in a form.

    Args:
        model: a chat model, or one that completes texts.
        method: passed on to that; None leaves it to the model.

    Raises:
        InvalidOptionError: it is no such model, or does not know the method.
    """

    def __init__(self, model: BaseLanguageModel[Any], method: Method | None) -> None:
        _refuse_other(model)
        if method is not None and method not in get_args(Method):
            raise InvalidOptionError(f"method is {method!r}; give one of {', '.join(get_args(Method))}, or None")
        self._model: Any = model
        self._method = method
        self._is_asked_in_words = not self._structures()

    def ask(self, prompt: Prompt, expected: type[ModelAnswer]) -> Reply:
        """The model's answer, and what it told of its tokens.

        Raises:
            UnusableAnswerError: it answered in another form.
        """
        ask = self._in_words if self._is_asked_in_words else self._structured
        try:
            returned = ask(prompt, expected)
        except _UNREADABLE as error:  # of a model that reads its answers itself
            returned = {"raw": None, "parsed": None, "parsing_error": error}
        if not (isinstance(returned, Mapping) and "parsed" in returned):  # of a model that does not know include_raw
            return Reply(returned)
        if returned["parsed"] is None:
            raise UnusableAnswerError(_fault_in(returned["parsing_error"]))
        return Reply(returned["parsed"], tokens=_tokens_of(returned["raw"]))

    def _structures(self) -> bool:
        """Whether the model has structured output; asked when it is given, since the answer needs no request."""
        try:
            self._structured_model(ModelAnswer)
        except NotImplementedError:
            if self._method is None:
                return False
            raise InvalidOptionError(
                f"the {type(self._model).__name__} has no structured output, so leave method={self._method!r} out"
            ) from None
        except Exception as error:
            raise InvalidOptionError(
                f"with_structured_output(..., include_raw=True) of the {type(self._model).__name__} raised "
                f"{type(error).__name__}; what it says is this error's __cause__. Try another method="
            ) from error
        return True

    def _structured_model(self, expected: type[ModelAnswer]) -> Runnable[Any, Any]:
        options = {} if self._method is None else {"method": self._method}
        structured: Runnable[Any, Any] = self._model.with_structured_output(expected, include_raw=True, **options)
        return structured

    def _structured(self, prompt: Prompt, expected: type[ModelAnswer]) -> dict[str, Any]:
        # JSON mode keeps to JSON and to no form of it; the other methods show the form to the model.
        form = _form_in_words(expected) if self._method == "json_mode" else ""
        return _invoked(self._structured_model(expected), _messages(prompt, form))

    def _in_words(self, prompt: Prompt, expected: type[ModelAnswer]) -> dict[str, Any]:
        """The same as `with_structured_output` returns."""
        written = self._model.invoke(_messages(prompt, _form_in_words(expected)))
        return {"raw": written, "parsed": _parser(expected).invoke(written), "parsing_error": None}


def _invoked(structured: Runnable[Any, Any], messages: list[BaseMessage]) -> dict[str, Any]:
    """What a structured model returns, its first step called in this very thread.

    As LangChain and its integrations build it, that step is a map of the model alone, which would call it in a thread
    that keeps the process from ending until the model has answered.
    """
    steps = structured.steps if isinstance(structured, RunnableSequence) else [structured]
    returned: Any = messages
    for step in steps:
        if isinstance(step, RunnableParallel) and step.steps__.keys() == {"raw"}:
            returned = {"raw": step.steps__["raw"].invoke(returned)}
        else:
            returned = step.invoke(returned)
    answered: dict[str, Any] = returned
    return answered


def _refuse_other(model: object) -> None:
    if isinstance(model, RunnableWithFallbacks):
        raise InvalidOptionError(
            "ChatModelEngine was given a model with fallbacks, so no label could say which model made it. Give each "
            "model an engine, and the component the fallbacks: ClassifyRunnable(...).with_fallbacks([...])"
        )
    if isinstance(model, RunnableBindingBase):
        raise InvalidOptionError(
            "ChatModelEngine was given what bind(), with_config() or with_retry() returned, and with_structured_output "
            "would lose what they set. Give the chat model itself, with that as its own arguments, such as "
            "logprobs=True or max_retries=3"
        )
    if isinstance(model, DynamicRunnable):
        raise InvalidOptionError(
            "ChatModelEngine was given a model that a call's config chooses or sets, so no label could say which model "
            "made it. Give each model an engine, and choose the backend: "
            'ClassifyRunnable(...).configurable_fields(backend=ConfigurableField(id="backend"))'
        )
    if not isinstance(model, BaseLanguageModel):
        refuse_other(BaseChatModel, model, engine="ChatModelEngine", example="model")


def _parser(expected: type[ModelAnswer]) -> PydanticOutputParser[ModelAnswer]:
    return PydanticOutputParser(pydantic_object=expected)


def _form_in_words(expected: type[ModelAnswer]) -> str:
    return f"\n\n{_parser(expected).get_format_instructions()}"


def _messages(prompt: Prompt, form: str) -> list[BaseMessage]:
    """As messages, not as a template: braces in rules and document mean nothing."""
    return [SystemMessage(prompt.instruction + form), HumanMessage(prompt.document)]


def _fault_in(error: BaseException | None) -> str:
    """What is wrong, without an error's own text, which quotes what the model wrote."""
    if error is None:
        return "it holds no answer in that form"
    found = error if isinstance(error, ValidationError) else error.__cause__
    return fault_of(found) if isinstance(found, ValidationError) else f"it could not be read ({type(error).__name__})"


def _tokens_of(raw: object) -> object:
    """The log-probabilities of a message's tokens, where OpenAI's and compatible integrations keep them."""
    told = getattr(raw, "response_metadata", {}).get("logprobs")
    return told.get("content") if isinstance(told, Mapping) else None
