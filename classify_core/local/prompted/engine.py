"""The engine: one document, one question to the model, one answer that was checked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Final

from classify_core.engine import ParsedDocument, RuleScore
from classify_core.errors import InvalidResponseError
from classify_core.local.model_calls import failures_of
from classify_core.local.model_engine import ModelEngine
from classify_core.local.prompted.answer import CheckedAnswer, ModelAnswer, UnusableAnswerError, answer_class
from classify_core.local.prompted.prompt import Prompt
from classify_core.local.prompted.shown import ShownDocument
from classify_core.local.prompted.verdict import scores_of
from classify_core.models import Rule

DEFAULT_MAX_CHARACTERS: Final = 12_000
"""About 3,000 tokens of English."""


class PromptedEngine(ModelEngine):
    """Asks a language model for the type of each document; a framework's adapter knows how it is called.

    Args:
        model_name: the model's own name; the engine's is `"llm/"` and this.
        max_characters: how much of a document is shown: of a longer one its beginning, middle and end.
        options: what else decides answers, as part of the engine's name.

    Raises:
        InvalidOptionError: `max_characters` is no number, or too small.
    """

    def __init__(self, model_name: str, *, max_characters: int = DEFAULT_MAX_CHARACTERS, **options: object) -> None:
        super().__init__(
            "llm",
            model_name,
            max_characters=max_characters,
            default_max_characters=DEFAULT_MAX_CHARACTERS,
            **options,
        )

    @abstractmethod
    def _ask(self, prompt: Prompt, expected: type[ModelAnswer]) -> object:
        """Asks the model once, and returns its answer as an `expected` or as a mapping of its fields.

        Where the model tells of the tokens it wrote, a `Reply` with both.

        Raises:
            UnusableAnswerError: the model answered, but not in that form. Whatever else is raised is a failure of the
                model.
        """

    def _scored(self, document: ParsedDocument, rules: Sequence[Rule]) -> list[RuleScore]:
        shown = ShownDocument.of(document, max_characters=self._max_characters)
        expected = answer_class(tuple(rule.type for rule in rules))
        return scores_of(self._answer(Prompt.of(shown, rules), expected), shown, rules)

    def _answer(self, prompt: Prompt, expected: type[ModelAnswer]) -> CheckedAnswer:
        answer = self._attempt(prompt, expected)
        if isinstance(answer, str):
            answer = self._attempt(prompt.after(answer), expected)
        if isinstance(answer, CheckedAnswer):
            return answer
        raise InvalidResponseError(
            f"the model of {self.name!r} gave no usable answer, twice: {answer}. Use a model that follows a JSON "
            "schema or calls functions, or a larger one"
        )

    def _attempt(self, prompt: Prompt, expected: type[ModelAnswer]) -> CheckedAnswer | str:
        """The answer, or what is wrong with it; no exception, since its context would hold what the model wrote."""
        try:
            with failures_of(self.name):
                return CheckedAnswer.of(self._ask(prompt, expected), expected)
        except UnusableAnswerError as error:
            return error.fault
