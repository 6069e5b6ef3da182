"""Classifies in this process, with no key and no request."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any

from classify_core.backend import Batch, ClassifyRequest, Lessons
from classify_core.background import in_thread
from classify_core.classification import Answer
from classify_core.engine import Engine, ParsedDocument, RuleScore
from classify_core.errors import ClassifyTimeoutError, InvalidOptionError, InvalidResponseError, UnreadableDocumentError
from classify_core.local.adaptation import (
    Learned,
    LocalBatch,
    Traits,
    can_adapt,
    decide_again,
    given_answer,
    nothing_learned,
    plain,
    require_adaptation,
    restored,
    traits_of,
)
from classify_core.local.decision import decide, with_unread
from classify_core.local.extraction import aextract
from classify_core.local.lexical import LexicalEngine
from classify_core.models import ClassifyConfiguration, Rule
from classify_core.source import Content


class LocalBackend:
    """Reads a document's text here and lets an engine decide.

    Args:
        engine: what decides; by default `LexicalEngine`, which needs no model. Engines that ask a model of yours are in
            `llama_index_classify` and `langchain_classify`.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        if isinstance(engine, type):
            raise InvalidOptionError(f"give {engine.__name__}(), not the class {engine.__name__}")
        if engine is not None and not isinstance(engine, Engine):
            raise InvalidOptionError(f"a {type(engine).__name__} is not an Engine; see classify_core.Engine")
        self.engine: Engine = LexicalEngine() if engine is None else engine
        self._learned: dict[tuple[str, ...], Learned] = {}

    @property
    def name(self) -> str:
        """`"local/"` and the engine's name."""
        return f"local/{self.engine.name}"

    @property
    def default_concurrency(self) -> int:
        """As many documents as there are processors."""
        return os.cpu_count() or 1

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Reads the document in a thread and decides by its scores.

        Raises:
            UnreadableDocumentError: there is no text to decide by.
            ClassifyTimeoutError: it took longer; a thread that still reads is given up on, and OCR ended.
        """
        if request.content is None:
            raise UnreadableDocumentError(
                f"the {request.source.kind} {request.source.value} is kept by the hosted service; classify it with "
                'backend="hosted", or give the document itself',
                source_name=request.source.name,
            )
        try:
            async with asyncio.timeout(timeout):
                return await self._decided(request, request.content)
        except TimeoutError as error:
            raise ClassifyTimeoutError(
                f"it was not read and decided within {timeout:g} s; raise timeout=, or limit the pages with parsing=",
                timeout=timeout,
                source_name=request.source.name,
            ) from error

    async def _decided(self, request: ClassifyRequest, content: Content) -> Answer:
        document = await aextract(content, request.configuration.parsing_configuration)
        return with_unread(await self._answer(request, document), document.unread)

    async def _answer(self, request: ClassifyRequest, document: ParsedDocument) -> Answer:
        configuration = request.configuration
        scored = await self.engine.ascore([document], configuration.rules)
        scores = _checked(scored, configuration.rules, self.name)
        learned, batch = self._learned.get(_types_of(configuration)), request.batch
        if (learned is None and batch is None) or any(score.is_chosen for score in scores):
            return decide(scores)
        traits = await in_thread(traits_of, document)
        if isinstance(batch, LocalBatch):
            batch.saw(request.content_key, traits, scores, unread=document.unread)
        return (
            decide(scores) if learned is None else await in_thread(self._with_lessons, request, scores, traits, learned)
        )

    def _with_lessons(
        self, request: ClassifyRequest, scores: Sequence[RuleScore], traits: Traits, learned: Learned
    ) -> Answer:
        if request.content_key in learned.labels:
            return given_answer(learned.labels[request.content_key], backend=self._taught_name)
        return decide_again(scores, learned.revised(scores, traits), backend=self._taught_name)

    @property
    def _taught_name(self) -> str:
        return f"{self.name}+batch"

    def new_batch(self, configuration: ClassifyConfiguration) -> LocalBatch | None:
        """Makes what takes note of a call's documents; None where scikit-learn is missing."""
        if not can_adapt():
            return None
        return LocalBatch(self._learned_for(configuration), backend=self._taught_name)

    async def learn(
        self,
        configuration: ClassifyConfiguration,
        batch: Batch,
        labels: Mapping[str, str | None],
        *,
        by_themselves: bool,
    ) -> Lessons:
        """Keeps what documents teach, for all that are classified with the same types from now on."""
        if not isinstance(batch, LocalBatch):
            raise InvalidOptionError(f"{self.name} learns from what its own new_batch() made")
        learned = await batch.learned(labels, by_themselves=by_themselves)
        if learned.lessons:
            self._learned[_types_of(configuration)] = learned
        return Lessons(len(learned.lessons), len(learned.labels), learned.agreement)

    def learned(self, configuration: ClassifyConfiguration) -> Mapping[str, Any] | None:
        """What was learned for the rules' types, as plain data; None where that is nothing."""
        learned = self._learned.get(_types_of(configuration))
        return None if learned is None else {"backend": self.name, **plain(learned)}

    def restore(self, configuration: ClassifyConfiguration, learned: Mapping[str, Any]) -> None:
        """Takes up what was learned before, in place of what was learned here.

        Raises:
            InvalidOptionError: it is damaged, or was learned for other types or by another engine.
            MissingExtraError: scikit-learn is missing.
        """
        require_adaptation()
        if learned.get("backend") != self.name:
            raise InvalidOptionError(f"it was learned with {learned.get('backend')!r}, and this is {self.name!r}")
        types = _types_of(configuration)
        self._learned[types] = restored(learned, types)

    def refuse_adaptation(self) -> None:
        """Raises MissingExtraError where scikit-learn is missing."""
        require_adaptation()

    def _learned_for(self, configuration: ClassifyConfiguration) -> Learned:
        types = _types_of(configuration)
        return self._learned.get(types) or nothing_learned(types)

    async def load_configuration(self, configuration_id: str) -> ClassifyConfiguration:
        """There are no saved configurations here.

        Raises:
            InvalidOptionError: always.
        """
        raise InvalidOptionError(
            f"configuration {configuration_id} is saved at the hosted service; give rules= instead"
        )

    async def aclose(self) -> None:
        """Has nothing to release."""

    def __repr__(self) -> str:
        return f"LocalBackend(engine={self.engine.name!r})"


def _types_of(configuration: ClassifyConfiguration) -> tuple[str, ...]:
    return tuple(rule.type for rule in configuration.rules)


def _checked(scored: list[list[RuleScore]], rules: Sequence[Rule], name: str) -> list[RuleScore]:
    if len(scored) != 1 or [score.type for score in scored[0]] != [rule.type for rule in rules]:
        raise InvalidResponseError(f"the engine of {name!r} must score each rule once, in the order of the rules")
    if sum(score.is_chosen for score in scored[0]) > 1:
        raise InvalidResponseError(f"the engine of {name!r} may choose one rule only")
    return scored[0]
