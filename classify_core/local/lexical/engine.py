"""The engine: rules compiled once, documents scored one by one."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import TYPE_CHECKING

from classify_core.engine import ParsedDocument, RuleScore
from classify_core.local.lexical.evidence import quotes
from classify_core.local.lexical.features import features_of
from classify_core.local.lexical.probabilities import probabilities
from classify_core.local.lexical.rules import CompiledRules, compile_rules
from classify_core.local.lexical.scoring import Match, chance_level, match_rules
from classify_core.models import Rule

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMPILED_RULE_SETS = 8


class LexicalEngine:
    """Scores each document by the words it shares with each rule.

    Needs no model and no download, is deterministic, and scores a document the same alone or among others. It has no
    state of its own, so it is picklable and may be called from several threads.
    """

    @property
    def name(self) -> str:
        """Always `"lexical"`."""
        return "lexical"

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """For each document one score for each rule, in the order of `rules`."""
        compiled = _compiled(tuple((rule.type, rule.description) for rule in rules))
        return [_score(document, compiled) for document in documents]

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """The same, computed in a thread."""
        return await asyncio.to_thread(self.score, documents, rules)

    def __repr__(self) -> str:
        return "LexicalEngine()"


@lru_cache(maxsize=_COMPILED_RULE_SETS)
def _compiled(rules: tuple[tuple[str, str], ...]) -> CompiledRules:
    return compile_rules([Rule(type=rule_type, description=description) for rule_type, description in rules])


def _score(document: ParsedDocument, compiled: CompiledRules) -> list[RuleScore]:
    features = features_of(document, compiled.index)
    matches = match_rules(features, compiled)
    chance = chance_level(matches, len(compiled.types))
    best = max(matches.values(), key=lambda match: match.score, default=Match())
    fits = probabilities({position: match.score for position, match in matches.items()}, chance, len(best.shares))
    scores = [RuleScore(type=rule_type, probability=0.0) for rule_type in compiled.types]
    for position, match in matches.items():
        scores[position] = RuleScore(
            type=compiled.types[position], probability=fits[position], evidence=quotes(match, features)
        )
    return scores
