"""Several engines as one: what each of them says of a rule counts."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from classify_core.engine import Engine, ParsedDocument, RuleScore
from classify_core.errors import InvalidOptionError, InvalidResponseError
from classify_core.models import Rule

# No engine is so sure that a rule is wrong that the others could not overrule it: a probability of 0 would be a veto.
# All rules together have this in an engine's eyes at least, so that very many impossible ones are not probable either.
_LEAST_OF_ALL: Final = 0.01
_FEWEST_ENGINES: Final = 2

_Scores = list[list[RuleScore]]


class EnsembleEngine:
    """Scores by the weighted geometric mean of its engines' probabilities, that no rule fits included.

    That is the logarithmic opinion pool (Genest, Zidek, "Combining Probability Distributions", 1986): a rule must be
    probable to all engines, so that one that knows better speaks louder than one that knows nothing.

    An engine that chooses a rule itself, as a language model does, is taken to find no other option more probable, and
    counts with the others. The ensemble chooses only where each of its engines chose the same rule.

    Evidence, pages and reasoning of a rule are those of the engine that finds it most probable, of the engines that
    have any.

    Args:
        engines: two or more.
        weights: how much each of them counts, in their order, in whatever unit; by default all count the same.

    Raises:
        InvalidOptionError: there are fewer than two engines, one is none, or the weights do not fit.
    """

    def __init__(self, engines: Sequence[Engine], weights: Sequence[float] | None = None) -> None:
        if isinstance(engines, Engine):
            raise InvalidOptionError("engines is one engine; give a list of two or more, or use the engine itself")
        self.engines: tuple[Engine, ...] = tuple(_checked_engine(engine) for engine in engines)
        if len(self.engines) < _FEWEST_ENGINES:
            raise InvalidOptionError(
                f"an ensemble of {len(self.engines)} engines; give two or more, or the engine itself"
            )
        self.weights = _shares(weights, len(self.engines))

    @property
    def name(self) -> str:
        """The names of its engines, each with its weight where these differ: `"ensemble(lexical+embedding:small)"`."""
        if len(set(self.weights)) == 1:
            return f"ensemble({'+'.join(engine.name for engine in self.engines)})"
        named = [f"{weight:g}*{engine.name}" for weight, engine in zip(self.weights, self.engines, strict=True)]
        return f"ensemble({'+'.join(named)})"

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """For each document one score for each rule, in the order of `rules`."""
        return self._pooled([engine.score(documents, rules) for engine in self.engines], documents, rules)

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """The same, with all engines at work at once; where one fails the others are given up."""
        tasks = [asyncio.create_task(_awaited(engine, documents, rules)) for engine in self.engines]
        try:
            scored = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._pooled(scored, documents, rules)

    def _pooled(
        self, scored: Sequence[_Scores], documents: Sequence[ParsedDocument], rules: Sequence[Rule]
    ) -> list[list[RuleScore]]:
        for engine, scores in zip(self.engines, scored, strict=True):
            _check(engine, scores, documents, rules)
        return [self._pooled_document([scores[number] for scores in scored]) for number in range(len(documents))]

    def _pooled_document(self, scored: Sequence[Sequence[RuleScore]]) -> list[RuleScore]:
        """The scores of one document.

        Args:
            scored: those of each engine.
        """
        shares = _geometric_mean([_shares_of(scores) for scores in scored], self.weights)
        pooled = []
        for place, share in enumerate(shares[:-1]):
            told = [scores[place] for scores in scored]
            is_chosen = all(score.is_chosen for score in told)
            pooled.append(replace(_best_explained(told), probability=share, is_chosen=is_chosen))
        return pooled

    def __repr__(self) -> str:
        return f"EnsembleEngine({self.name!r})"


async def _awaited(engine: Engine, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> _Scores:
    return await engine.ascore(documents, rules)


def _shares_of(scores: Sequence[RuleScore]) -> list[float]:
    """An engine's probability of each rule, and last that no rule fits."""
    rules = [score.probability for score in scores]
    shares = [*rules, max(0.0, 1.0 - math.fsum(rules))]
    most = max(shares)
    for place, score in enumerate(scores):
        if score.is_chosen:
            shares[place] = most
    return shares


def _geometric_mean(opinions: Sequence[Sequence[float]], weights: Sequence[float]) -> list[float]:
    """The pool of opinions, each on the same options; its shares add up to 1."""
    options = range(len(opinions[0]))
    least = _LEAST_OF_ALL / len(options)
    logarithms = [
        math.fsum(
            weight * math.log(max(opinion[option], least)) for weight, opinion in zip(weights, opinions, strict=True)
        )
        for option in options
    ]
    most = max(logarithms)
    relative = [math.exp(each - most) for each in logarithms]
    total = math.fsum(relative)
    return [each / total for each in relative]


def _best_explained(told: Sequence[RuleScore]) -> RuleScore:
    """The score of the engine that is surest of the rule, of those that say why."""
    explained = [score for score in told if score.evidence or score.reasoning] or told
    return max(explained, key=lambda score: score.probability)


def _checked_engine(engine: Engine) -> Engine:
    if isinstance(engine, type):
        raise InvalidOptionError(f"give {engine.__name__}(), not the class {engine.__name__}")
    if not isinstance(engine, Engine):
        raise InvalidOptionError(f"a {type(engine).__name__} is not an Engine; see classify_core.Engine")
    return engine


def _shares(weights: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """The weights as shares of 1."""
    if weights is None:
        return (1.0 / count,) * count
    if len(weights) != count:
        raise InvalidOptionError(f"weights has {len(weights)} numbers for {count} engines; give one for each")
    for weight in weights:
        is_number = isinstance(weight, (int, float)) and not isinstance(weight, bool)
        if not is_number or not 0.0 < weight < math.inf:
            raise InvalidOptionError(f"weights holds {weight!r}; give numbers above 0")
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def _check(engine: Engine, scored: _Scores, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> None:
    types = [rule.type for rule in rules]
    if len(scored) != len(documents) or any([score.type for score in scores] != types for scores in scored):
        raise InvalidResponseError(f"the engine {engine.name!r} must score each rule once, in the order of the rules")
    if not all(0.0 <= score.probability <= 1.0 for scores in scored for score in scores):
        raise InvalidResponseError(f"the engine {engine.name!r} must give each rule a probability from 0 to 1")
