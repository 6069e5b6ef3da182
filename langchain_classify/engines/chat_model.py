"""Lets a LangChain chat model classify."""

from __future__ import annotations

from functools import partial
from typing import Any

from langchain_core.language_models import BaseLanguageModel

from classify_core.local.prompted import DEFAULT_MAX_CHARACTERS, ModelAnswer, Prompt, PromptedEngine
from langchain_classify.engines.model_names import name_of
from langchain_classify.engines.structured_output import Method, StructuredModel
from langchain_classify.engines.untraced import untraced


class ChatModelEngine(PromptedEngine):
    """Decides by asking a chat model, which answers in a form that only allows the rules' types.

        runnable = ClassifyRunnable(rules, backend=LocalBackend(ChatModelEngine(model)))

    The form is asked for through the model's `with_structured_output`; one that has none is asked for JSON in words.
    The model must quote the document: where the quote is not in it, the answer is that no rule fits, and the reasoning
    says so. What stands in a document is fenced off from the instructions, and its name is not shown.

    The confidence is what the model says, unless it tells the log-probabilities of its tokens
    (`ChatOpenAI(..., logprobs=True, top_logprobs=5)` with a `method` that answers in JSON); the reasoning says which.

    Args:
        model: the chat model itself; what `bind`, `with_config` and `with_retry` return would lose their settings in
            `with_structured_output`, and is refused, as is a model that a call's config chooses.
        method: for `with_structured_output`; by default the model's own choice.
        max_characters: how much of a document is shown: of a longer one its beginning, middle and end.
        trace_prompts: whether tracers hear of the calls to the model, with the prompts and so with the documents' text.
            By default only handlers of the model's own do.

    Raises:
        InvalidOptionError: `model` is none, it does not know the method, or `max_characters` is too small.
    """

    def __init__(
        self,
        model: BaseLanguageModel[Any],
        *,
        method: Method | None = None,
        max_characters: int = DEFAULT_MAX_CHARACTERS,
        trace_prompts: bool = False,
    ) -> None:
        self._model = StructuredModel(model, method)
        self._trace_prompts = trace_prompts
        options = {} if method is None else {"method": method}
        super().__init__(name_of(model), max_characters=max_characters, **options)

    def _ask(self, prompt: Prompt, expected: type[ModelAnswer]) -> object:
        ask = partial(self._model.ask, prompt, expected)
        return ask() if self._trace_prompts else untraced(ask)
