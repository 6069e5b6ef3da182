"""Rules to weighted terms, with an index from each term to the rules it speaks for."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from classify_core.local.lexical.terms import bare_terms, occurrences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classify_core.models import Rule

Term = str | tuple[str, str]
"""A word's term, or two neighbouring words' terms."""

_NAME_WEIGHT = 2.0
_DESCRIPTION_WEIGHT = 1.0
_PAIR_WEIGHT = 1.0
# What a description excludes, up to the end of the clause. English only; "not only" excludes nothing.
_EXCLUDED = re.compile(r"\b(?:not(?!\s+only\b)|never|except|no|without)\b[^.,;:!?()\n]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CompiledRules:
    """What a tuple of rules looks for.

    Attributes:
        types: the rules' types, in order.
        index: for each term the rules it speaks for, as positions in `types`, with its weight in that rule.
    """

    types: tuple[str, ...]
    index: dict[Term, tuple[tuple[int, float], ...]]


def compile_rules(rules: Sequence[Rule]) -> CompiledRules:
    """Returns the index of the rules' terms; the weights of each rule's terms are a vector of length 1."""
    wanted = [_terms_of(rule) for rule in rules]
    rule_counts = Counter(term for terms in wanted for term in terms)
    index: dict[Term, list[tuple[int, float]]] = {}
    for position, terms in enumerate(wanted):
        weights = {term: weight * _rarity(rule_counts[term], len(rules)) for term, weight in terms.items()}
        norm = math.hypot(*weights.values())
        for term, weight in weights.items():
            index.setdefault(term, []).append((position, weight / norm))
    return CompiledRules(tuple(rule.type for rule in rules), {term: tuple(entries) for term, entries in index.items()})


def _terms_of(rule: Rule) -> dict[Term, float]:
    weights: dict[Term, float] = {}
    name = rule.type.replace("_", " ")
    kept = frozenset(bare_terms(name))
    for text, weight in ((name, _NAME_WEIGHT), (_EXCLUDED.sub("", rule.description), _DESCRIPTION_WEIGHT)):
        words = [occurrence.term for occurrence in occurrences(text, kept)]
        for term in words:
            weights[term] = max(weights.get(term, 0.0), weight)
        for pair in pairwise(words):
            weights[pair] = max(weights.get(pair, 0.0), weight * _PAIR_WEIGHT)
    return weights


def _rarity(rule_count: int, rules: int) -> float:
    """Inverse document frequency over the rules, smoothed so that a single rule's terms keep their weight."""
    return math.log(1.0 + (rules + 1.0) / (rule_count + 0.5))
