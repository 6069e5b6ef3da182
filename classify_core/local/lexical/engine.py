"""The engine: rules compiled once, documents scored one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from classify_core.engine import ParsedDocument, RuleScore
from classify_core.local.kinds import Kind, kinds_but
from classify_core.local.lexical.cues import match_kinds
from classify_core.local.lexical.evidence import evidence_of
from classify_core.local.lexical.features import features_of
from classify_core.local.lexical.fitting import fit_rules
from classify_core.local.lexical.probabilities import probabilities
from classify_core.local.lexical.reading import read
from classify_core.local.lexical.rules import CompiledRules, compile_rules
from classify_core.local.lexical.scoring import match_rules
from classify_core.local.model_calls import engine_name
from classify_core.models import Rule

if TYPE_CHECKING:
    from classify_core.local.lexical.fitting import Fit

_COMPILED_RULE_SETS = 8
_MOST_EXPLAINED = 2


class LexicalEngine:
    """Scores each document by the words it shares with each rule, and by what common kinds of documents look like.

    Needs no model and no download, is deterministic, and scores a document the same alone or among others. It has no
    state of its own, so it is picklable and may be called from several threads.

    Args:
        without_kinds: kinds of `classify_core.local.kinds` that it shall know nothing of; True is all of them, which
            leaves the words of the rules.

    Raises:
        InvalidOptionError: there is no kind of such a name.
    """

    def __init__(self, *, without_kinds: Collection[str] | bool = ()) -> None:
        everything = without_kinds is True
        unwanted = frozenset[str]() if isinstance(without_kinds, bool) else frozenset(without_kinds)
        self._kinds: tuple[Kind, ...] = () if everything else kinds_but(unwanted)
        self._name = "lexical"
        if everything or unwanted:
            self._name = engine_name("lexical", "rules-only" if everything else "without:" + ",".join(sorted(unwanted)))

    @property
    def name(self) -> str:
        """`"lexical"`; longer where it knows less."""
        return self._name

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """For each document one score for each rule, in the order of `rules`."""
        compiled = _compiled(tuple((rule.type, rule.description) for rule in rules), self._kinds)
        return [_scored(document, compiled) for document in documents]

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """The same, computed in a thread."""
        return await asyncio.to_thread(self.score, documents, rules)

    def __repr__(self) -> str:
        return "LexicalEngine()" if self._name == "lexical" else f"LexicalEngine({self._name!r})"


@lru_cache(maxsize=_COMPILED_RULE_SETS)
def _compiled(rules: tuple[tuple[str, str], ...], kinds: tuple[Kind, ...]) -> CompiledRules:
    return compile_rules([Rule(type=rule_type, description=description) for rule_type, description in rules], kinds)


def _scored(document: ParsedDocument, compiled: CompiledRules) -> list[RuleScore]:
    reading = read(document)
    features = features_of(reading, compiled)
    fits = fit_rules(match_rules(features, compiled), match_kinds(reading, compiled.cues), compiled)
    fitting = probabilities(fits)
    scores = [RuleScore(type=rule_type, probability=0.0) for rule_type in compiled.types]
    for rank, position in enumerate(sorted(fitting, key=lambda position: (-fitting[position], position))):
        evidence, pages = evidence_of(fits.rules[position], reading) if rank < _MOST_EXPLAINED else ((), ())
        scores[position] = RuleScore(
            type=compiled.types[position], probability=fitting[position], evidence=evidence, pages=pages
        )
    return scores
