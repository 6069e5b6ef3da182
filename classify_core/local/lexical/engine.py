"""The engine: rules compiled once, documents scored one by one."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Collection, Sequence
from functools import lru_cache

from classify_core.engine import ParsedDocument, RuleScore
from classify_core.errors import InvalidOptionError
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
    state of its own, so it is picklable and may be called from several threads; what it makes of a set of rules is kept
    for the process and made by the first thread that needs it.

    Args:
        without_kinds: kinds of `classify_core.local.kinds` that it shall know nothing of; True is all of them, which
            leaves the words of the rules.

    Raises:
        InvalidOptionError: that is no collection of names, or there is no kind of such a name.
    """

    def __init__(self, *, without_kinds: Collection[str] | bool = ()) -> None:
        self._without = _kind_names() if without_kinds is True else _checked_names(without_kinds or ())
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


def _checked_names(without_kinds: Collection[str]) -> frozenset[str]:
    """The names of kinds, which are read from their files only where there are any: a plain engine is made at once."""
    if isinstance(without_kinds, str) or not isinstance(without_kinds, Collection):
        raise InvalidOptionError(f"without_kinds is {without_kinds!r}; give a list of names of kinds, or True")
    if without_kinds:
        kinds_but(without_kinds)
    return frozenset(without_kinds)


class _Compiling:
    """Held while rules are compiled, so that threads which begin at once do not all do the same work."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """In a forked child nobody would release what another thread of the parent held."""
        self.lock = threading.Lock()


_compiling = _Compiling()
if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_compiling.renew)


def _compiled(rules: tuple[tuple[str, str], ...], without_kinds: frozenset[str]) -> CompiledRules:
    with _compiling.lock:
        return _compiled_once(rules, without_kinds)


@lru_cache(maxsize=_COMPILED_RULE_SETS)
def _compiled_once(rules: tuple[tuple[str, str], ...], without_kinds: frozenset[str]) -> CompiledRules:
    parsed = [Rule(type=rule_type, description=description) for rule_type, description in rules]
    return compile_rules(parsed, kinds_but(without_kinds))


def _scored(document: ParsedDocument, compiled: CompiledRules) -> list[RuleScore]:
    reading = read(document)
    features = features_of(reading, compiled)
    words, kinds = match_rules(features, compiled), match_kinds(reading, compiled.cues)
    fits = fit_rules(words, kinds, compiled, length=reading.terms)
    fitting = probabilities(fits)
    scores = list(compiled.unfit)
    for rank, position in enumerate(sorted(fitting, key=lambda position: (-fitting[position], position))):
        evidence, pages = evidence_of(fits.rules[position], reading) if rank < _MOST_EXPLAINED else ((), ())
        scores[position] = RuleScore(
            type=compiled.types[position], probability=fitting[position], evidence=evidence, pages=pages
        )
    return scores
