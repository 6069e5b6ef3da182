"""Classifies in this process, with no key and no request."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from classify_core.backend import ClassifyRequest
from classify_core.background import in_thread
from classify_core.classification import Alternative, Answer
from classify_core.engine import Engine, RuleScore
from classify_core.errors import InvalidOptionError, InvalidResponseError, UnreadableDocumentError
from classify_core.local.extraction import extract
from classify_core.local.lexical import LexicalEngine
from classify_core.local.reasoning import explain
from classify_core.models import ClassifyConfiguration, Rule

MAX_ALTERNATIVES: Final = 20
"""How many alternatives are kept: with thousands of rules the rest says nothing and takes memory."""


class LocalBackend:
    """Reads a document's text here and lets an engine decide.

    Args:
        engine: what decides; by default `LexicalEngine`, which needs no model.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        if engine is not None and not isinstance(engine, Engine):
            raise InvalidOptionError(f"a {type(engine).__name__} is not an Engine; see classify_core.Engine")
        self.engine: Engine = LexicalEngine() if engine is None else engine

    @property
    def name(self) -> str:
        """`"local/"` and the engine's name."""
        return f"local/{self.engine.name}"

    @property
    def default_concurrency(self) -> int:
        """As many documents as there are processors."""
        return os.cpu_count() or 1

    async def classify(self, request: ClassifyRequest, *, timeout: float) -> Answer:
        """Reads the document in a thread and decides by its scores. The caller bounds the time.

        Raises:
            UnreadableDocumentError: there is no text to decide by.
        """
        del timeout
        if request.content is None:
            raise UnreadableDocumentError(
                f"the {request.source.kind} {request.source.value} is kept by the hosted service; classify it with "
                'backend="hosted", or give the document itself',
                source_name=request.source.name,
            )
        configuration = request.configuration
        document = await in_thread(extract, request.content, configuration.parsing_configuration)
        scored = await self.engine.ascore([document], configuration.rules)
        return decide(_checked(scored, configuration.rules, self.name))

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


def decide(scores: Sequence[RuleScore]) -> Answer:
    """The most probable rule, or none where it is more probable that no rule fits."""
    ranked = sorted(scores, key=lambda score: -score.probability)
    best = ranked[0]
    none_fits = 1.0 - sum(score.probability for score in ranked)
    chosen = best if best.probability > 0.0 and best.probability >= none_fits else None
    return Answer(
        type=None if chosen is None else chosen.type,
        confidence=best.probability,
        reasoning=explain(ranked, chosen),
        alternatives=tuple(
            Alternative(type=score.type, confidence=score.probability) for score in ranked[:MAX_ALTERNATIVES]
        ),
    )


def _checked(scored: list[list[RuleScore]], rules: Sequence[Rule], name: str) -> list[RuleScore]:
    if len(scored) != 1 or [score.type for score in scored[0]] != [rule.type for rule in rules]:
        raise InvalidResponseError(f"the engine of {name!r} must score each rule once, in the order of the rules")
    return scored[0]
