"""Batches such as people have them: not a bit of everything."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from classify_core.evaluation import Labelled

SEED: Final = 7
OF_EACH_KIND: Final = 10
FEWEST: Final = 36
MOST: Final = 200
_DOMINANT: Final = 0.95

_Draw: TypeAlias = Callable[[random.Random, Sequence[Labelled], int], list[Labelled]]


@dataclass(frozen=True)
class SubBatch:
    """Some documents of a corpus.

    Attributes:
        kind: what is peculiar about them.
        labelled: the documents, in the order of the corpus.
    """

    kind: str
    labelled: Sequence[Labelled]


def sub_batches(labelled: Sequence[Labelled]) -> Iterator[SubBatch]:
    """Draws ten of each of five kinds, of 36 to 200 documents or as many as there are; the same each time."""
    lot = random.Random(SEED)  # noqa: S311 - the same each time is what is wanted
    for kind, draw in _KINDS.items():
        for _ in range(OF_EACH_KIND):
            drawn = {each.name for each in draw(lot, labelled, lot.randint(FEWEST, MOST))}
            yield SubBatch(kind, [each for each in labelled if each.name in drawn])


def _any(lot: random.Random, labelled: Sequence[Labelled], size: int) -> list[Labelled]:
    return lot.sample(labelled, min(size, len(labelled)))


def _types_absent(lot: random.Random, labelled: Sequence[Labelled], size: int) -> list[Labelled]:
    """A third to two thirds of the types have no document."""
    types = _types(labelled)
    absent = set(lot.sample(types, round(len(types) * lot.uniform(1 / 3, 2 / 3))))
    return _any(lot, [each for each in labelled if each.label not in absent], size)


def _one_type(lot: random.Random, labelled: Sequence[Labelled], size: int) -> list[Labelled]:
    """One type fills 95 %; it is one of those with enough documents for a batch, or else the commonest."""
    by_type = {name: [each for each in labelled if each.label == name] for name in _types(labelled)}
    enough = [name for name, own in by_type.items() if len(own) >= int(_DOMINANT * FEWEST)]
    chosen = lot.choice(enough or [max(by_type, key=lambda name: len(by_type[name]))])
    filling = _any(lot, by_type[chosen], round(_DOMINANT * size))
    others = [each for each in labelled if each.label != chosen]
    return [*filling, *_any(lot, others, max(1, round(len(filling) / _DOMINANT) - len(filling)))]


def _half_of_no_type(lot: random.Random, labelled: Sequence[Labelled], size: int) -> list[Labelled]:
    of_no_type = _any(lot, [each for each in labelled if each.label is None], size // 2)
    others = [each for each in labelled if each.label is not None]
    return [*of_no_type, *_any(lot, others, len(of_no_type) or size)]


def _few_types(lot: random.Random, labelled: Sequence[Labelled], size: int) -> list[Labelled]:
    """Two types or three, and nothing else."""
    types = _types(labelled)
    kept = lot.sample(types, min(lot.choice((2, 3)), len(types)))
    return _any(lot, [each for each in labelled if each.label in kept], size)


def _types(labelled: Sequence[Labelled]) -> list[str]:
    return sorted({each.label for each in labelled if each.label is not None})


_KINDS: Final[dict[str, _Draw]] = {
    "random": _any,
    "some types absent": _types_absent,
    "one type fills 95 %": _one_type,
    "half of no type": _half_of_no_type,
    "two or three types": _few_types,
}
