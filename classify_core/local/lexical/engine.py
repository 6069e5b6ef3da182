"""The engine: rules compiled once, documents scored one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import lru_cache

from classify_core.engine import ParsedDocument, RuleScore
from classify_core.local.kinds import all_kinds, kinds_but
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
        self._without = _kind_names() if without_kinds is True else frozenset(without_kinds or ())
        kinds_but(self._without)
        self._name = "lexical"
        if self._without:
            known = "rules-only" if without_kinds is True else "without:" + ",".join(sorted(self._without))
            self._name = engine_name("lexical", known)

    @property
    def name(self) -> str:
        """`"lexical"`; longer where it knows less."""
        return self._name

    def score(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """For each document one score for each rule, in the order of `rules`."""
        compiled = _compiled(tuple((rule.type, rule.description) for rule in rules), self._without)
        return [_scored(document, compiled) for document in documents]

    async def ascore(self, documents: Sequence[ParsedDocument], rules: Sequence[Rule]) -> list[list[RuleScore]]:
        """The same, computed in a thread."""
        return await asyncio.to_thread(self.score, documents, rules)

    def __repr__(self) -> str:
        return "LexicalEngine()" if self._name == "lexical" else f"LexicalEngine({self._name!r})"


def _kind_names() -> frozenset[str]:
    return frozenset(kind.name for kind in all_kinds())


@lru_cache(maxsize=_COMPILED_RULE_SETS)
def _compiled(rules: tuple[tuple[str, str], ...], without_kinds: frozenset[str]) -> CompiledRules:
    parsed = [Rule(type=rule_type, description=description) for rule_type, description in rules]
    return compile_rules(parsed, kinds_but(without_kinds))


def _scored(document: ParsedDocument, compiled: CompiledRules) -> list[RuleScore]:
    reading = read(document)
    features = features_of(reading, compiled)
    words, kinds = match_rules(features, compiled), match_kinds(reading, compiled.cues)
    fits = fit_rules(words, kinds, compiled, length=reading.terms)
    fitting = probabilities(fits)
    scores = [RuleScore(type=rule_type, probability=0.0) for rule_type in compiled.types]
    for rank, position in enumerate(sorted(fitting, key=lambda position: (-fitting[position], position))):
        evidence, pages = evidence_of(fits.rules[position], reading) if rank < _MOST_EXPLAINED else ((), ())
        scores[position] = RuleScore(
            type=compiled.types[position], probability=fitting[position], evidence=evidence, pages=pages
        )
    return scores
