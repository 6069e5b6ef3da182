"""What the engine is worth for types that it has no built-in knowledge of."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from statistics import fmean
from typing import Final

from benchmarks.accuracy.measurement import Measurement
from benchmarks.accuracy.section import Section
from benchmarks.labelling.figures import Figure
from classify_core import LocalBackend, Rule
from classify_core.evaluation import Evaluation
from classify_core.local.kinds import all_kinds
from classify_core.local.lexical import LexicalEngine
from classify_core.local.lexical.rules import compile_rules

FOLDS: Final = 5
SEED: Final = 7
LEAST_SURETY: Final = 0.5
MOST_LOST: Final = 0.12


def measured_folds(measurement: Measurement) -> Section:
    """Switches the knowledge of each fold's types off for a run of all documents; the fold's documents count."""
    figures, losses = list[Figure](), list[tuple[float, float]]()
    for number, types in enumerate(_folds(measurement), start=1):
        kinds = called_by(types, measurement.corpus.rules)
        backend = LocalBackend(LexicalEngine(without_kinds=kinds))
        without = measurement.batch(measurement.corpus.labelled, backend=backend)
        shares = _share(measurement.together, types), _share(without, types)
        losses.append(shares)
        told = f"{shares[0]:.3f} -> {shares[1]:.3f}"
        figures.append(Figure(f"fold {number}: {', '.join(types)}; without {', '.join(kinds) or 'nothing'}", told))
    return Section.of("built-in knowledge of a fifth of the types switched off", [*figures, *_means(losses)])


def called_by(types: Collection[str], rules: Sequence[Rule]) -> list[str]:
    """The built-in kinds that the rules of these types call up, by name."""
    kinds = all_kinds()
    return [
        kinds[kind].name
        for kind, callers in sorted(compile_rules(rules, kinds).calls.items())
        if any(surety >= LEAST_SURETY and rules[position].type in types for position, surety in callers)
    ]


def _folds(measurement: Measurement) -> list[list[str]]:
    """The types that there are documents of, dealt out; folds without any are left out."""
    types = sorted({each.label for each in measurement.corpus.labelled if each.label is not None})
    random.Random(SEED).shuffle(types)  # noqa: S311 - the same each time is what is wanted
    return [sorted(types[start::FOLDS]) for start in range(min(FOLDS, len(types)))]


def _share(evaluation: Evaluation, types: Collection[str]) -> float:
    return fmean(outcome.is_guess_right for outcome in evaluation.outcomes if outcome.label in types)


def _means(shares: Sequence[tuple[float, float]]) -> list[Figure]:
    if not shares:
        return []
    known, unknown = fmean(each[0] for each in shares), fmean(each[1] for each in shares)
    lost = known - unknown
    return [
        Figure("right as one batch, with all knowledge, mean over folds", f"{known:.3f}"),
        Figure("the same without that of the fold's types", f"{unknown:.3f}"),
        Figure("what is lost", f"{lost:.3f}", f"at most {MOST_LOST:g}", holds=lost <= MOST_LOST),
    ]
