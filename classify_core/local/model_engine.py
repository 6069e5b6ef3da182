"""What engines that ask a model of the user's own have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextvars import copy_context
from typing import Final

from classify_core.background import in_thread
from classify_core.checks import checked_count
from classify_core.engine import ParsedDocument, RuleScore
from classify_core.errors import ClassifyError
from classify_core.local.model_calls import engine_name
from classify_core.models import Rule

FEWEST_CHARACTERS: Final = 500
"""A model that sees less of a document cannot tell what it is."""


class ModelEngine(ABC):
    """An engine that gives each document, or the beginning, middle and end of a long one, to a model.

    Args:
        kind: what the engine's name begins with, such as `"llm"`.
        model_name: the model's own name, which follows.
        max_characters: how much of a document the model gets.
        default_max_characters: how much it gets by default; another amount becomes part of the name, since it decides
            answers too.
        options: what else decides answers and is not the default, as part of the name.

    Raises:
        InvalidOptionError: `max_characters` is no number, or too small.
    """

    def __init__(
        self, kind: str, model_name: str, *, max_characters: int, default_max_characters: int, **options: object
    ) -> None:
        self._max_characters = checked_count("max_characters", max_characters, minimum=FEWEST_CHARACTERS)
        if max_characters != default_max_characters:
            options["max_characters"] = max_characters
        self._name = engine_name(kind, model_name, **options)

    @property
    def name(self) -> str:
        """Equal only for the same kind of engine with the same model and options."""
        return self._name

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """For each document one score for each rule, in the order of `rules`.

        Raises:
            ConnectionFailedError: the model failed; its own error is the cause's `original`.
            InvalidResponseError: what it answered cannot be used.
        """
        return [self._named(document, rules) for document in documents]

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """The same, in a thread.

        Not by the model's asynchronous methods: its connections belong to the event loop that used them first, and
        this one is the process's background loop, while the program may use the same model on its own loop. A thread
        that is given up on when the time is over ends by the model's own time-out, and keeps no process alive. It has
        the caller's context, by which tracers know to what a model's call belongs.
        """
        return await in_thread(copy_context().run, self.score, documents, rules)

    @abstractmethod
    def _scored(self, document: ParsedDocument, rules: Sequence[Rule]) -> list[RuleScore]:
        """One score for each rule."""

    def _named(self, document: ParsedDocument, rules: Sequence[Rule]) -> list[RuleScore]:
        try:
            return self._scored(document, rules)
        except ClassifyError as error:
            error.about(source_name=document.name)
            raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"
