"""Classifies in this process, with no key and no request."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from typing import Final

from classify_core.backend import ClassifyRequest
from classify_core.background import in_thread
from classify_core.classification import Alternative, Answer
from classify_core.engine import Engine, RuleScore
from classify_core.errors import ClassifyTimeoutError, InvalidOptionError, InvalidResponseError, UnreadableDocumentError
from classify_core.local.extraction import extract
from classify_core.local.lexical import LexicalEngine
from classify_core.local.reasoning import explain
from classify_core.models import ClassifyConfiguration, Rule
from classify_core.source import Content

MAX_ALTERNATIVES: Final = 20
"""How many alternatives are kept: with thousands of rules the rest says nothing and takes memory."""

# As a share of the best rule's probability: what is nearer is not told apart.
_TIED_FROM = 0.95
# The best of many rules that share the probability is a guess: it must have this, or so many times an equal share.
_LEAST_PROBABILITY = 0.1
_LEAST_SHARES = 3.0


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
            ClassifyTimeoutError: it took longer; a thread that still reads is given up on.
        """
        if request.content is None:
            raise UnreadableDocumentError(
                f"the {request.source.kind} {request.source.value} is kept by the hosted service; classify it with "
                'backend="hosted", or give the document itself',
                source_name=request.source.name,
            )
        try:
            async with asyncio.timeout(timeout):
                return await self._decided(request.content, request.configuration)
        except TimeoutError as error:
            raise ClassifyTimeoutError(
                f"it was not read and decided within {timeout:g} s; raise timeout=, or limit the pages with parsing=",
                timeout=timeout,
                source_name=request.source.name,
            ) from error

    async def _decided(self, content: Content, configuration: ClassifyConfiguration) -> Answer:
        document = await in_thread(extract, content, configuration.parsing_configuration)
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
    """The rule that the engine chose, else the most probable one.

    None where no rule is more probable, or where others fit as well as the best.
    """
    ranked = sorted(scores, key=lambda score: (not score.is_chosen, -score.probability))
    best = ranked[0]
    tied = () if best.is_chosen else _tied(ranked)
    chosen = best if best.is_chosen or (not tied and _is_clear(ranked)) else None
    return Answer(
        type=None if chosen is None else chosen.type,
        confidence=best.probability,
        reasoning=explain(ranked, chosen, tied=tied),
        alternatives=tuple(_alternatives(ranked)),
    )


def _tied(ranked: Sequence[RuleScore]) -> Sequence[RuleScore]:
    """The best rules, where nothing tells them apart."""
    tied = [score for score in ranked if score.probability >= _TIED_FROM * ranked[0].probability > 0.0]
    is_tie = len(tied) > 1 and sum(score.probability for score in tied) >= _none_fits(ranked)
    return tied if is_tie else ()


def _is_clear(ranked: Sequence[RuleScore]) -> bool:
    """Whether the best rule is more probable than none, and than a guess."""
    best = ranked[0].probability
    floor = min(_LEAST_PROBABILITY, _LEAST_SHARES / len(ranked))
    return best >= max(_none_fits(ranked), floor) and best > 0.0


def _none_fits(ranked: Sequence[RuleScore]) -> float:
    return 1.0 - sum(score.probability for score in ranked)


def _alternatives(ranked: Sequence[RuleScore]) -> Iterator[Alternative]:
    """Yields the best rule whatever its probability, and the others that have one."""
    for position, score in enumerate(ranked[:MAX_ALTERNATIVES]):
        if position == 0 or score.probability > 0.0:
            yield Alternative(type=score.type, confidence=score.probability)


def _checked(scored: list[list[RuleScore]], rules: Sequence[Rule], name: str) -> list[RuleScore]:
    if len(scored) != 1 or [score.type for score in scored[0]] != [rule.type for rule in rules]:
        raise InvalidResponseError(f"the engine of {name!r} must score each rule once, in the order of the rules")
    if sum(score.is_chosen for score in scored[0]) > 1:
        raise InvalidResponseError(f"the engine of {name!r} may choose one rule only")
    return scored[0]
