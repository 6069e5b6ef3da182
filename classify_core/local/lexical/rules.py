"""Rules to weighted terms, with an index from each term to the rules it speaks for."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from classify_core.engine import RuleScore
from classify_core.local.lexical.calling import called_kinds, familiarity
from classify_core.local.lexical.cue_index import CueIndex, index_of
from classify_core.local.lexical.terms import bare_terms, occurrences
from classify_core.local.lexical.vocabulary import Term, vocabulary_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from classify_core.local.kinds import Kind
    from classify_core.models import Rule

_NAME_WEIGHT = 2.0
_DESCRIPTION_WEIGHT = 1.0
# What a kind that the rule calls up is known by counts there, and the less among the rule's own words.
_COUNTED_BY_KINDS = 0.3
# What a description excludes, up to the end of the clause. English only; "not only" excludes nothing.
_EXCLUDED = re.compile(r"\b(?:not(?!\s+only\b)|never|except|no|without)\b[^.,;:!?()\n]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """What a tuple of rules looks for.

    Attributes:
        types: the rules' types, in order.
        unfit: the scores of rules that nothing speaks for, in the same order; of many rules most are, so that all
            documents share these.
        index: for each term the rules it speaks for, as positions in `types`, with its weight in that rule.
        bare_terms: the lone letters and numbers that are part of some rule's name.
        cues: where to look for the cues of built-in kinds.
        calls: by kind the rules that call it up, as positions in `types`, with how surely.
        sureties: of each rule how surely it calls up some kind; 0.0 where it calls up none.
    """

    types: tuple[str, ...]
    unfit: tuple[RuleScore, ...]
    index: dict[Term, tuple[tuple[int, float], ...]]
    bare_terms: frozenset[str]
    cues: CueIndex
    calls: dict[int, tuple[tuple[int, float], ...]]
    sureties: tuple[float, ...]


def compile_rules(rules: Sequence[Rule], kinds: tuple[Kind, ...] = ()) -> CompiledRules:
    """Returns the index of the rules' terms; the weights of each rule's terms are a vector of at most length 1.

    Args:
        rules: the rules.
        kinds: the kinds of documents that they may call up.
    """
    vocabulary = vocabulary_of(kinds)
    called = [called_kinds(_name_of(rule), _without_exclusions(rule), vocabulary) for rule in rules]
    wanted = [_terms_of(rule) for rule in rules]
    rule_counts = Counter(term for terms in wanted for term in terms)
    index: dict[Term, list[tuple[int, float]]] = {}
    for position, terms in enumerate(wanted):
        weights = {term: weight * _rarity(rule_counts[term], len(rules)) for term, weight in terms.items()}
        norm = math.hypot(*weights.values())
        for term, weight in weights.items():
            own = weight * (1.0 - _COUNTED_BY_KINDS * familiarity(term, called[position], vocabulary))
            index.setdefault(term, []).append((position, own / norm))
    return CompiledRules(
        types=tuple(rule.type for rule in rules),
        unfit=tuple(RuleScore(type=rule.type, probability=0.0) for rule in rules),
        index={term: tuple(entries) for term, entries in index.items()},
        bare_terms=frozenset(term for rule in rules for term in bare_terms(_name_of(rule))),
        cues=index_of(kinds),
        calls=_by_kind(called),
        sureties=tuple(max(kinds_called.values(), default=0.0) for kinds_called in called),
    )


def _by_kind(called: Sequence[Mapping[int, float]]) -> dict[int, tuple[tuple[int, float], ...]]:
    calls: dict[int, list[tuple[int, float]]] = {}
    for position, kinds in enumerate(called):
        for kind, surety in kinds.items():
            calls.setdefault(kind, []).append((position, surety))
    return {kind: tuple(entries) for kind, entries in calls.items()}


def _without_exclusions(rule: Rule) -> str:
    return _EXCLUDED.sub("", rule.description)


def _name_of(rule: Rule) -> str:
    return rule.type.replace("_", " ")


def _terms_of(rule: Rule) -> dict[Term, float]:
    weights: dict[Term, float] = {}
    name = _name_of(rule)
    kept = frozenset(bare_terms(name))
    for text, weight in ((name, _NAME_WEIGHT), (_without_exclusions(rule), _DESCRIPTION_WEIGHT)):
        terms = [occurrence.term for occurrence in occurrences(text, kept)]
        # What a list names one after the other often stands side by side in a document, too.
        both: list[Term] = [*terms, *pairwise(terms)]
        for term in both:
            weights[term] = max(weights.get(term, 0.0), weight)
    return weights


def _rarity(rule_count: int, rules: int) -> float:
    """Inverse document frequency over the rules, smoothed so that a single rule's terms keep their weight."""
    return math.log(1.0 + (rules + 1.0) / (rule_count + 0.5))
